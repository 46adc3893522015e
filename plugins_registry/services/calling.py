"""The log of calls: written by whoever calls plugins, in bulk and never on the call's own path."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from typing import Any

from plugins_registry.models import Call
from plugins_registry.outbox import CallEntry
from plugins_registry.stored import stored_text

#: Calls that are kept of each plugin, the newest.
KEPT = 500


def record_calls(calls: Sequence[CallEntry]) -> None:
    """Write calls down and let go of each plugin's older ones.

    What would be let go at once is not written at all. Two or three queries, and one or two more
    for each further plugin; they are no transaction of their own: a log may lack a line.
    """
    by_plugin = _newest(calls)
    Call.objects.bulk_create(
        [Call(**_columns(entry)) for entries in by_plugin.values() for entry in entries]
    )
    for plugin in by_plugin:
        _trim(plugin)


def _newest(calls: Iterable[CallEntry]) -> dict[str, deque[CallEntry]]:
    by_plugin: defaultdict[str, deque[CallEntry]] = defaultdict(lambda: deque(maxlen=KEPT))
    for entry in calls:
        by_plugin[entry.plugin].append(entry)
    return by_plugin


def _trim(plugin: str) -> None:
    of_plugin = Call.objects.filter(plugin_id=plugin)
    surplus = of_plugin.order_by("-id").values_list("id", flat=True)[KEPT : KEPT + 1].first()
    if surplus is not None:
        of_plugin.filter(pk__lte=surplus).delete()


def _columns(entry: CallEntry) -> dict[str, Any]:
    return {
        "plugin_id": entry.plugin,
        "kind": entry.kind,
        "target": stored_text(entry.target, 300),
        "at": entry.at,
        "took_ms": entry.took_ms,
        "outcome": entry.outcome,
        # The code is a plugin's own word.
        "code": stored_text(entry.code, 100),
    }
