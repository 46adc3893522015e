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

from plugin_runtime.conf import conf
from plugins_registry import services
from plugins_registry.queries import BoardPlugin
from plugins_registry.services import TraceEntry

logger = logging.getLogger(__name__)

#: What a trace shows of a message, before and after.
SHOWN_KEYS = ("content", "message_type", "metadata")


class Asked:
    """One message's way through the filters."""

    def __init__(self, hook: str, question: dict[str, Any]) -> None:
        self.hook = hook
        self.question = question
        #: Plugins in shadow mode; they are asked after the message is stored.
        self.shadowed: list[str] = []
        #: Whether also those are kept who let the message pass.
        self.keeps_all = conf.traces_all
        self._entries: list[TraceEntry] = []
        self._began = 0.0

    def begin(self) -> None:
        """The next plugin is about to be asked."""
        self._began = time.perf_counter()

    def note(
        self,
        plugin: BoardPlugin,
        verdict: str,
        before: dict[str, Any],
        after: dict[str, Any] | None = None,
        reason: str = "",
    ) -> None:
        """Keep a verdict."""
        self._entries.append(
            entry(
                plugin.name,
                plugin.version,
                verdict=verdict,
                applied=True,
                took_ms=(time.perf_counter() - self._began) * 1000,
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


def start(hook: str, question: dict[str, Any]) -> Asked:
    """Begin to keep what is said of a message; what was kept before is forgotten."""
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
