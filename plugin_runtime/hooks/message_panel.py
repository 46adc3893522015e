"""Who touched a message: what its page in the admin shows of the filters' traces."""

from __future__ import annotations

import json
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from plugins_registry import queries
from plugins_registry.services import TraceEntry

_TABLE = (
    "<table><thead><tr><th>plugin</th><th>release</th><th>verdict</th><th>ms</th>"
    "<th>before</th><th>after</th></tr></thead><tbody>{}</tbody></table>"
)
_ROW = (
    "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td>"
    "<td><code>{}</code></td><td><code>{}</code></td></tr>"
)


def render(message_id: str) -> SafeString:
    """Return a table with a row for each trace, in the order of asking; empty without any.

    Whatever a plugin or a user wrote is escaped.
    """
    traces = queries.message_trace(message_id)
    if not traces:
        return SafeString()
    return format_html(_TABLE, format_html_join("", _ROW, (_cells(trace) for trace in traces)))


def _cells(trace: TraceEntry) -> tuple[str, ...]:
    verdict = trace.verdict if trace.applied else f"{trace.verdict} (shadow: without effect)"
    if trace.reason:
        verdict += f": {trace.reason}"
    before, after = trace.before or {}, trace.after or {}
    changed = [key for key in after if after[key] != before.get(key)]
    return (
        trace.plugin,
        trace.release,
        verdict,
        f"{trace.took_ms:.1f}",
        _fields(before, changed),
        _fields(after, changed),
    )


def _fields(message: dict[str, Any], changed: list[str]) -> str:
    return ", ".join(
        f"{key}: {json.dumps(message.get(key), ensure_ascii=False)}" for key in changed
    )
