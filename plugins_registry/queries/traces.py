"""Who touched a message, and what a plugin in shadow mode would have done."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q

from plugins_registry.models import Plugin, Trace
from plugins_registry.outbox import TraceEntry
from plugins_registry.states import Verdict

EXAMPLES = 20


@dataclass(frozen=True, kw_only=True)
class ShadowReport:
    """What a plugin's filters would have done since it was last put into shadow mode."""

    #: How often it was asked.
    asked: int
    #: How often it would have blocked or changed the message, and gave no usable answer.
    would_block: int
    would_change: int
    failed: int
    #: The newest of those that it would have blocked or changed.
    examples: tuple[TraceEntry, ...]


def message_trace(message_id: str) -> list[TraceEntry]:
    """What plugins said about a message, in the order of their answers; empty when nothing."""
    return [_entry(trace) for trace in Trace.objects.filter(message_id=message_id).order_by("id")]


def shadow_report(name: str, *, examples: int = EXAMPLES) -> ShadowReport:
    """Count a plugin's verdicts without effect; all zero when there are none. Three queries."""
    since = Plugin.objects.filter(name=name).values_list("shadow_since", flat=True).first()
    shadowed = Trace.objects.filter(plugin_id=name, applied=False)
    if since is not None:
        shadowed = shadowed.filter(at__gte=since)
    counts = shadowed.aggregate(
        asked=Count("pk"),
        would_block=Count("pk", filter=Q(verdict=Verdict.BLOCK)),
        would_change=Count("pk", filter=Q(verdict=Verdict.REPLACE)),
        failed=Count("pk", filter=Q(verdict=Verdict.FAILED)),
    )
    touched = shadowed.filter(verdict__in=(Verdict.BLOCK, Verdict.REPLACE)).order_by("-id")
    return ShadowReport(**counts, examples=tuple(_entry(trace) for trace in touched[:examples]))


def _entry(trace: Trace) -> TraceEntry:
    return TraceEntry(
        message_id=trace.message_id,
        plugin=trace.plugin_name,
        release=trace.release,
        hook=trace.hook,
        verdict=trace.verdict,
        applied=trace.applied,
        took_ms=trace.took_ms,
        reason=trace.reason,
        before=trace.before,
        after=trace.after,
        at=trace.at,
    )
