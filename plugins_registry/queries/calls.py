"""What a plugin was asked lately."""

from __future__ import annotations

from plugins_registry.models import Call
from plugins_registry.outbox import CallEntry
from plugins_registry.states import CallOutcome


def last_calls(plugin: str, limit: int, *, failed: bool = False, after: int = 0) -> list[CallEntry]:
    """Return the newest calls of a plugin, the oldest of them first; one query.

    `failed` leaves out what went well; `after` is the id of the last one that is known already.
    """
    found = Call.objects.filter(plugin_id=plugin, pk__gt=after)
    if failed:
        found = found.exclude(outcome=CallOutcome.OK)
    return [_entry(call) for call in reversed(found.order_by("-id")[: max(limit, 0)])]


def _entry(call: Call) -> CallEntry:
    return CallEntry(
        id=call.pk,
        plugin=call.plugin_id,
        kind=call.kind,
        target=call.target,
        at=call.at,
        took_ms=call.took_ms,
        outcome=call.outcome,
        code=call.code,
    )
