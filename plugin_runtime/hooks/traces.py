"""Traces: what each filter made of a message, kept until the message is stored.

Filters are asked before the transaction that stores the message, so what they said waits in the
calling thread and is written inside it. A blocked message has no such transaction: its traces are
written at once.
"""

from __future__ import annotations

import logging
import time
from contextvars import ContextVar
from typing import Any

from django.db import Error as DatabaseError

from plugins_registry import services
from plugins_registry.queries import BoardPlugin
from plugins_registry.services import TraceEntry

logger = logging.getLogger(__name__)

#: What a trace shows of a message, before and after.
SHOWN_KEYS = ("content", "message_type", "metadata")


class Asked:
    """What was said of one message on its way through the filters, as far as it is worth a word."""

    def __init__(self, hook: str, question: dict[str, Any]) -> None:
        self.hook = hook
        self.question = question
        #: Plugins in shadow mode; they are asked after the message is stored.
        self.shadowed: list[str] = []
        self._entries: list[TraceEntry] = []

    def note(
        self,
        plugin: BoardPlugin,
        verdict: str,
        before: dict[str, Any],
        *,
        began: float,
        after: dict[str, Any] | None = None,
        reason: str = "",
    ) -> None:
        """Keep a verdict; `began` is when the plugin was asked (`time.perf_counter`)."""
        self._entries.append(
            entry(
                plugin.name,
                plugin.version,
                verdict=verdict,
                applied=True,
                took_ms=(time.perf_counter() - began) * 1000,
                reason=reason,
                before=before,
                after=after,
            )
        )

    def write(self) -> None:
        """Write what was kept."""
        if self._entries:
            services.record_traces(self._entries)
            self._entries = []

    def write_now(self) -> None:
        """Write them for a message that is not stored; no trace is worth another error."""
        _asked.set(None)
        try:
            self.write()
        except DatabaseError:
            logger.exception("traces could not be written")


_asked: ContextVar[Asked | None] = ContextVar("asked", default=None)


#: Return what was said in this thread and is not stored; nothing for most messages.
left = _asked.get


def forget() -> None:
    """A new message is asked about; what an earlier one left that was not stored goes."""
    _asked.set(None)


def about(hook: str, question: dict[str, Any]) -> Asked:
    """Return where to keep what is said of this question, which most messages never need."""
    asked = _asked.get()
    if asked is None:
        asked = Asked(hook, question)
        _asked.set(asked)
    return asked


def of(message_id: str) -> Asked | None:
    """Return what was said of this message in the calling thread, once."""
    asked = _asked.get()
    if asked is None or asked.question["message_id"] != message_id:
        return None
    _asked.set(None)
    return asked


def entry(
    plugin: str,
    release: str,
    *,
    verdict: str,
    applied: bool,
    took_ms: float,
    reason: str,
    before: dict[str, Any],
    after: dict[str, Any] | None,
) -> TraceEntry:
    """Return one trace; of the message only what a filter may change is kept."""
    return TraceEntry(
        message_id=before["message_id"],
        plugin=plugin,
        release=release,
        hook="message_sent",
        verdict=verdict,
        applied=applied,
        took_ms=took_ms,
        reason=reason,
        before=_shown(before),
        after=_shown(after) if after is not None else {},
    )


def _shown(message: dict[str, Any]) -> dict[str, Any]:
    return {key: message[key] for key in SHOWN_KEYS}
