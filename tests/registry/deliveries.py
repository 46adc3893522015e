"""Events written and looked at in a line, for the tests of the outbox."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from plugins_registry import services
from plugins_registry.models import Delivery
from plugins_registry.services import CallEntry, DueDelivery, Outcome, TraceEntry

#: Far enough ahead that everything written by a test is due, and fixed.
NOON = datetime(2100, 1, 1, 12, tzinfo=UTC)


def write(*plugins: str, hook: str = "user_login", **payload: Any) -> None:
    services.enqueue(hook, payload, plugins=plugins or ("demo",))


def due(plugin: str = "demo", *, seconds: float = 0, limit: int = 100) -> list[DueDelivery]:
    return services.due_deliveries(plugin, limit, now=NOON + timedelta(seconds=seconds))


def settle(*outcomes: Outcome, plugin: str = "demo", seconds: float = 0) -> None:
    services.settle_deliveries(plugin, outcomes, now=NOON + timedelta(seconds=seconds))


def done(delivery: DueDelivery) -> Outcome:
    return Outcome(delivery_id=delivery.id, done=True)


def failed(delivery: DueDelivery, error: str = "it broke") -> Outcome:
    return Outcome(delivery_id=delivery.id, done=False, error=error, traceback="Traceback: …")


def kill(hook: str = "user_login") -> Delivery:
    """Write an event and let all its tries fail."""
    write(hook=hook)
    row = Delivery.objects.latest("id")
    for _ in range(5):
        outcome = Outcome(
            delivery_id=row.pk, done=False, error="it broke", traceback="Traceback: …"
        )
        settle(outcome)
    row.refresh_from_db()
    return row


def trace(message_id: str = "m1", verdict: str = "block", **facts: Any) -> TraceEntry:
    """What a plugin in shadow mode said, unless the facts say otherwise."""
    usual = {
        "plugin": "demo",
        "release": "1.0.0",
        "hook": "message_sent",
        "applied": False,
        "took_ms": 1.5,
        "reason": "rude",
        "before": {"content": "hello"},
    }
    return TraceEntry(message_id=message_id, verdict=verdict, **(usual | facts))


def called(target: str = "message_sent", **facts: Any) -> CallEntry:
    """A call that went well, unless the facts say otherwise."""
    usual = {"plugin": "demo", "kind": "filter", "at": NOON, "took_ms": 1.5, "outcome": "ok"}
    return CallEntry(target=target, **(usual | facts))
