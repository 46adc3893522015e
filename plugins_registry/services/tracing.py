"""Traces: written by whoever asks filters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from plugins_registry.models import Trace
from plugins_registry.outbox import TraceEntry
from plugins_registry.stored import stored_json, stored_text

REASON_CHARACTERS = 2_000


def record_traces(traces: Sequence[TraceEntry]) -> None:
    """Write what plugins said about messages, in the caller's transaction if there is one.

    One query. Raises ValueError or TypeError for fields that are no JSON.
    """
    Trace.objects.bulk_create([Trace(**_columns(entry)) for entry in traces])


def _columns(entry: TraceEntry) -> dict[str, Any]:
    facts = {name: getattr(entry, name) for name in entry.__dataclass_fields__}
    return facts | {
        "plugin_id": facts.pop("plugin"),
        "plugin_name": entry.plugin,
        "reason": stored_text(entry.reason, REASON_CHARACTERS),
        "before": stored_json(entry.before),
        "after": stored_json(entry.after),
    }
