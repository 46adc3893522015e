"""Writing events, and who may drain a plugin's queue at the moment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from plugins_registry.models import Delivery, Event, Plugin, Queue
from plugins_registry.states import DeliveryState, Wanted
from plugins_registry.stored import stored_json


def enqueue(
    hook: str, payload: dict[str, Any], *, plugins: Sequence[str], origin: str = "", depth: int = 0
) -> UUID:
    """Write one event that is owed to these plugins, in the caller's transaction. Two queries.

    Raises ValueError or TypeError for a payload that is no JSON. A plugin that is uninstalled at
    the same moment is no error; its delivery goes with the next sweep.
    """
    event = Event(
        event_id=uuid4(), hook=hook, payload=stored_json(payload), origin=origin, depth=depth
    )
    owed = [
        Delivery(event=event, plugin_id=name, hook=hook, due_at=event.occurred_at)
        for name in dict.fromkeys(plugins)
    ]
    # Without a savepoint, which would be a query of its own: one of the two rows is never enough.
    with transaction.atomic(savepoint=False):
        event.save(force_insert=True)
        Delivery.objects.bulk_create(owed)
    return event.event_id


def take_queue(plugin: str, *, seconds: float, now: datetime | None = None) -> str | None:
    """Take the lease on a plugin's queue and return its holder; None while another one has it.

    It ends by itself after so many seconds, so the clocks of all hosts must agree to well within
    them. Returns None as well when no such plugin is installed.
    """
    now = now or timezone.now()
    # A look first: on SQLite even a vain update would wait for everybody who writes.
    if Queue.objects.filter(plugin_id=plugin, until__gt=now).exists():
        return None
    holder = uuid4().hex
    with transaction.atomic():
        if _take(plugin, holder, seconds, now):
            return holder
        if not Plugin.objects.select_for_update(no_key=True).filter(name=plugin).exists():
            return None
        Queue.objects.bulk_create([Queue(plugin_id=plugin, until=now)], ignore_conflicts=True)
        return holder if _take(plugin, holder, seconds, now) else None


def keep_queue(plugin: str, holder: str, seconds: float, *, now: datetime | None = None) -> bool:
    """Prolong the lease from now on; False when it ended meanwhile, even if nobody took it."""
    now = now or timezone.now()
    held = Queue.objects.filter(plugin_id=plugin, holder=holder, until__gt=now)
    return bool(held.update(until=now + timedelta(seconds=seconds)))


def leave_queue(plugin: str, holder: str, *, now: datetime | None = None) -> None:
    """Give the lease back; does nothing when it is somebody else's by now.

    Who found the queue taken went away again, so look for due deliveries once more afterwards.
    """
    held = Queue.objects.filter(plugin_id=plugin, holder=holder)
    held.update(holder="", until=now or timezone.now())


def plugins_with_due_deliveries(*, now: datetime | None = None) -> list[str]:
    """The enabled plugins to which something is owed now, by name. One query."""
    due = Delivery.objects.filter(
        plugin=OuterRef("name"), state=DeliveryState.WAITING, due_at__lte=now or timezone.now()
    )
    # Plugin by plugin: a queue of a million is left after its first due row.
    owed = Plugin.objects.filter(Exists(due), wanted=Wanted.ENABLED).order_by("name")
    return list(owed.values_list("name", flat=True))


def _take(plugin: str, holder: str, seconds: float, now: datetime) -> bool:
    # On PostgreSQL a row that another drain is just taking is passed over, not waited for.
    free = Queue.objects.select_for_update(skip_locked=True).filter(
        plugin_id=plugin, until__lte=now
    )
    taken = Queue.objects.filter(pk__in=free.values("pk"))
    return bool(taken.update(holder=holder, until=now + timedelta(seconds=seconds)))
