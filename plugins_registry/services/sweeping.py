"""Retention: what is settled or nobody's goes after a while, in small bites.

Each bite is a transaction of its own, so that nobody waits long for a writer and a sweep that is
killed has lost nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from plugins_registry.conf import conf
from plugins_registry.models import Call, Delivery, Event, Plugin, Trace, Traffic
from plugins_registry.services.problems import raise_problem
from plugins_registry.states import DeliveryState, State, Wanted

#: How long the daily sums of plugins' network traffic are kept.
_TRAFFIC_DAYS = 31


def sweep_deliveries(*, now: datetime | None = None) -> None:
    """Delete what is too old to keep, and what a plugin that is out of action may not have waiting.

    Safe to repeat and to run twice at once.
    """
    now = now or timezone.now()
    _delete(_old(DeliveryState.DONE, now - timedelta(hours=conf.DELIVERY_DONE_HOURS)))
    _delete(_old(DeliveryState.DEAD, now - timedelta(days=conf.DELIVERY_DEAD_DAYS)))
    _delete(Delivery.objects.filter(~Exists(Plugin.objects.filter(name=OuterRef("plugin")))))
    _delete(Call.objects.filter(~Exists(Plugin.objects.filter(name=OuterRef("plugin")))))
    # Both wait for an admin, who may never come.
    idle = Q(wanted=Wanted.DISABLED) | Q(state=State.QUARANTINED)
    for name in Plugin.objects.filter(idle).values_list("name", flat=True):
        _drop_waiting(name, now)
    _delete(Event.objects.filter(~Exists(Delivery.objects.filter(event=OuterRef("pk")))))
    _delete(Traffic.objects.filter(day__lt=now.date() - timedelta(days=_TRAFFIC_DAYS)))
    _delete(Trace.objects.filter(at__lt=now - timedelta(days=conf.TRACE_DAYS)))


def _old(state: DeliveryState, before: datetime) -> QuerySet[Delivery]:
    return Delivery.objects.filter(state=state, settled_at__lt=before)


def _drop_waiting(plugin: str, now: datetime) -> None:
    waiting = Delivery.objects.filter(plugin_id=plugin, state=DeliveryState.WAITING)
    too_old = Q(due_at__lt=now - timedelta(days=conf.DELIVERY_DISABLED_DAYS))
    # The newest stay; this is the first that does not.
    limit = conf.DELIVERY_DISABLED_LIMIT
    surplus = waiting.order_by("-id").values_list("id", flat=True)[limit : limit + 1].first()
    dropped = _delete(waiting.filter(too_old | Q(pk__lte=surplus or 0)))
    if dropped:
        raise_problem(
            plugin,
            "dropped",
            f"{dropped} events were dropped: a disabled or quarantined plugin has at most {limit} "
            f"waiting, for at most {conf.DELIVERY_DISABLED_DAYS} days. Enable it, or uninstall it",
            details={"dropped": dropped},
        )


def _delete(rows: QuerySet[Any]) -> int:
    """Delete all of them, some at a time, and return how many."""
    model, total = rows.model, 0
    while keys := list(rows.values_list("pk", flat=True).order_by()[: conf.SWEEP_ROWS]):
        total += model._default_manager.filter(pk__in=keys).delete()[1].get(model._meta.label, 0)
    return total
