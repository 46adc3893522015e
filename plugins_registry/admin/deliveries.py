"""The outbox in admin: what is owed to whom, what failed, retry and drop."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from plugins_registry import services
from plugins_registry.admin import shown
from plugins_registry.admin.readonly import ReadOnlyAdmin
from plugins_registry.exceptions import RegistryError
from plugins_registry.models import Delivery, Event, Queue


def _settle(
    verb: Callable[[str, Sequence[int]], int],
    done: str,
    request: HttpRequest,
    deliveries: QuerySet[Delivery],
) -> None:
    """Call a verb for each plugin's selected deliveries and tell the admin what came of it."""
    selected: dict[str, list[int]] = defaultdict(list)
    for plugin, key in deliveries.order_by("id").values_list("plugin__name", "id"):
        selected[plugin].append(key)
    for plugin, keys in sorted(selected.items()):
        try:
            count = verb(plugin, keys)
        except RegistryError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, f"{count} of {len(keys)} deliveries to {plugin} {done}")


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    """What is owed, and what can be done about it."""

    list_display = ("id", "hook", "plugin_id", "state", "attempts", "due_at", "summary")
    list_filter = ("state", "plugin", "hook")
    list_select_related = False
    # Counting all rows besides the filtered ones would cost more than the page.
    show_full_result_count = False
    search_fields = ("=event__event_id", "=plugin__name", "hook", "error")
    fields = (
        *("plugin_id", "hook", "state", "attempts", "due_at", "settled_at", "cursor"),
        *("error", "traceback", "event_id", "occurred_at", "origin", "depth", "payload"),
    )
    actions = ("retry", "drop")

    @admin.display(description="Error")
    def summary(self, delivery: Delivery) -> str:
        """The error's first line."""
        return delivery.error.partition("\n")[0][:120]

    @admin.display(description="Occurred at")
    def occurred_at(self, delivery: Delivery) -> str:
        """When it happened."""
        return delivery.event.occurred_at.isoformat(sep=" ", timespec="milliseconds")

    @admin.display(description="Origin")
    def origin(self, delivery: Delivery) -> str:
        """The plugin that emitted it."""
        return delivery.event.origin

    @admin.display(description="Depth")
    def depth(self, delivery: Delivery) -> int:
        """How many events led to it."""
        return delivery.event.depth

    @admin.display(description="Payload")
    def payload(self, delivery: Delivery) -> SafeString:
        """What the handler is given."""
        return shown.as_json(delivery.event.payload)

    @admin.action(description="Retry dead deliveries", permissions=["act"])
    def retry(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        """Give the dead ones all their tries anew."""
        _settle(
            lambda plugin, keys: services.retry_deliveries(plugin, ids=keys),
            "will be tried again",
            request,
            queryset,
        )

    @admin.action(description="Drop waiting and dead deliveries", permissions=["act"])
    def drop(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        """Nobody needs them any more."""
        _settle(
            lambda plugin, keys: services.drop_deliveries(plugin, ids=keys),
            "were dropped",
            request,
            queryset,
        )


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    """What happened."""

    list_display = ("hook", "occurred_at", "origin", "depth", "event_id")
    list_filter = ("hook",)
    show_full_result_count = False
    search_fields = ("=event_id", "hook", "origin")


@admin.register(Queue)
class QueueAdmin(ReadOnlyAdmin):
    """Who drains which queue at the moment."""

    list_display = ("plugin_id", "holder", "until")
    search_fields = ("plugin__name",)
