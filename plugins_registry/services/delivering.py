"""A plugin's waiting deliveries: which are due, and what came of each.

They are told in the order in which they were written. One that fails steps aside for its own
tries, and those behind it go on meanwhile; after its last try it is dead.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from plugins_registry.conf import conf
from plugins_registry.models import Delivery
from plugins_registry.outbox import DueDelivery, Outcome
from plugins_registry.services.problems import raise_problem
from plugins_registry.states import DeliveryState
from plugins_registry.stored import stored_text

ERROR_CHARACTERS = 2_000
TRACEBACK_CHARACTERS = 20_000


def due_deliveries(plugin: str, limit: int, *, now: datetime | None = None) -> list[DueDelivery]:
    """What the plugin shall be told now, oldest first, at most so many. One query.

    Call it only while holding the plugin's queue; nothing is reserved here.
    """
    due = (
        Delivery.objects.filter(
            plugin_id=plugin, state=DeliveryState.WAITING, due_at__lte=now or timezone.now()
        )
        .select_related("event")
        .order_by("id")
    )
    return [_due(delivery) for delivery in due[:limit]]


def settle_deliveries(
    plugin: str, outcomes: Sequence[Outcome], *, now: datetime | None = None
) -> None:
    """Write what came of deliveries; what is not waiting any more stays as it is.

    A failure is tried again after a pause that doubles each time; after the last try the delivery
    is dead and a problem of the plugin and hook counts it. All or none is written.
    """
    now = now or timezone.now()
    by_id = {outcome.delivery_id: outcome for outcome in outcomes}
    done = [key for key, outcome in by_id.items() if outcome.done]
    others = [key for key, outcome in by_id.items() if not outcome.done]
    waiting = Delivery.objects.filter(plugin_id=plugin, state=DeliveryState.WAITING)
    with transaction.atomic():
        if done:
            waiting.filter(pk__in=done).update(state=DeliveryState.DONE, settled_at=now)
        if others:
            rows = list(waiting.filter(pk__in=others).select_for_update())
            _write_others(plugin, [(row, by_id[row.pk]) for row in rows], now)


def pause_after(attempts: int) -> timedelta:
    """How long to wait after so many failed tries."""
    return timedelta(seconds=conf.DELIVERY_BACKOFF_SECONDS * 2 ** (attempts - 1))


def _due(delivery: Delivery) -> DueDelivery:
    event = delivery.event
    return DueDelivery(
        id=delivery.pk,
        event_id=str(event.event_id),
        hook=delivery.hook,
        payload=event.payload,
        occurred_at=event.occurred_at.isoformat(),
        attempt=delivery.attempts + 1,
        depth=event.depth,
        cursor=delivery.cursor,
        origin=event.origin,
    )


def _write_others(plugin: str, pairs: Sequence[tuple[Delivery, Outcome]], now: datetime) -> None:
    for delivery, outcome in pairs:
        delivery.cursor = outcome.cursor or delivery.cursor
        if outcome.error:
            _fail(delivery, outcome, now)
    rows = [delivery for delivery, _ in pairs]
    Delivery.objects.bulk_update(
        rows, ["cursor", "state", "attempts", "due_at", "settled_at", "error", "traceback"]
    )
    _raise_dead(plugin, [row for row in rows if row.state == DeliveryState.DEAD])


def _fail(delivery: Delivery, outcome: Outcome, now: datetime) -> None:
    delivery.attempts += 1
    delivery.error = stored_text(outcome.error, ERROR_CHARACTERS)
    delivery.traceback = stored_text(outcome.traceback, TRACEBACK_CHARACTERS)
    if delivery.attempts >= conf.DELIVERY_TRIES:
        delivery.state = DeliveryState.DEAD
        delivery.settled_at = now
    else:
        delivery.due_at = now + pause_after(delivery.attempts)


def _raise_dead(plugin: str, dead: Sequence[Delivery]) -> None:
    """One problem per plugin and hook, however many deliveries died."""
    last = {delivery.hook: delivery for delivery in dead}
    for hook, times in Counter(delivery.hook for delivery in dead).items():
        raise_problem(
            plugin,
            f"dead:{hook}",
            f"events of {hook!r} could not be delivered, the last one after "
            f"{last[hook].attempts} tries: {last[hook].error}. Once it is mended, deliver them: "
            f"manage.py plugin deliveries {plugin} --retry",
            details={"event_id": str(last[hook].event_id), "traceback": last[hook].traceback},
            times=times,
        )
