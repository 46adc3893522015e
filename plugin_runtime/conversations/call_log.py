"""The log of calls: what this process asked of plugins lately, and how that ended.

Whoever calls a plugin leaves one tuple in a ring in memory: no lock, no database. A thread of the
process empties the ring about once a second into the registry. The log may lack lines, a call
never waits for it: the ring forgets its oldest when it is full, what cannot be written is let go,
and what a killed process had not written yet is lost.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from time import monotonic

from django.db import connections
from django.utils import timezone

from plugin_runtime.conf import conf
from plugin_runtime.exceptions import (
    CallError,
    DeadlinePassed,
    PluginFault,
    PluginLost,
    PluginUnavailable,
)
from plugins_registry import services
from plugins_registry.services import CallEntry
from plugins_registry.states import CallOutcome

logger = logging.getLogger(__name__)

#: Calls that wait to be written. The registry keeps half as many of each plugin, and a process
#: that makes more in a second has better things to do than to write them all down.
RING = 1_000
FLUSH_SECONDS = 1.0
#: How long a process that ends waits for its last lines.
CLOSE_SECONDS = 2.0

OK = CallOutcome.OK.value
LOST = CallOutcome.LOST.value

#: Plugin, kind, target, begin and end on the monotonic clock, outcome, code.
Noted = tuple[str, str, str, float, float, str, str]


class CallLog:
    """The ring and the thread that empties it; `write` takes what was in it, the oldest first."""

    #: Remembers one call that has ended. The ring's own method once the thread runs, since the
    #: path of a call has no time for more.
    append: Callable[[Noted], object]

    def __init__(self, write: Callable[[list[CallEntry]], None]) -> None:
        self._write = write
        self._flusher: threading.Thread | None = None
        self.forget()

    def note(
        self, plugin: str, kind: str, target: str, began: float, outcome: str = OK, code: str = ""
    ) -> None:
        """Remember what ends now and began at this time of `time.monotonic`. Never fails."""
        self.append((plugin, kind, target, began, monotonic(), outcome, code))

    def note_error(
        self, plugin: str, kind: str, target: str, began: float, error: CallError
    ) -> None:
        """Remember what fails now."""
        self.note(plugin, kind, target, began, *_ending(error))

    def close(self) -> None:
        """Write what is left and end the thread; the next call starts another."""
        flusher, self._flusher = self._flusher, None
        self.append = self._append_first
        self._closing.set()
        if flusher is not None:
            flusher.join(CLOSE_SECONDS)

    def forget(self) -> None:
        """Begin anew: after a fork, ring and thread are the parent's."""
        self._ring: deque[Noted] = deque(maxlen=RING)
        self.append = self._append_first
        self._is_failing = False
        self._starting = threading.Lock()
        self._closing = threading.Event()
        self._flusher = None

    def _append_first(self, noted: Noted) -> None:
        if self._start():
            self._ring.append(noted)

    def _start(self) -> bool:
        """Start the thread if there shall be one; return whether it runs."""
        if not conf.call_log:
            return False
        with self._starting:
            if self._flusher is None:
                closing = threading.Event()
                flusher = threading.Thread(
                    target=self._run, args=(closing,), name="call-log", daemon=True
                )
                try:
                    flusher.start()
                except RuntimeError:  # no thread to be had: rather no log than no call
                    return False
                self._closing, self._flusher = closing, flusher
                self.append = self._ring.append
        return True

    def _run(self, closing: threading.Event) -> None:
        while not closing.wait(FLUSH_SECONDS):
            self._flush()
        self._flush()

    def _flush(self) -> None:
        entries = self._take()
        if not entries:
            return
        if len(entries) == RING:
            logger.info("calls were too many for their log; it lacks some")
        try:
            self._write(entries)
            self._is_failing = False
        except Exception:
            # A wall: nobody stands behind this thread, and no log is worth one that ended.
            if not self._is_failing:
                logger.warning("calls could not be logged", exc_info=True)
            self._is_failing = True
        finally:
            connections.close_all()  # a log is no reason to hold a connection meanwhile

    def _take(self) -> list[CallEntry]:
        now, clock = timezone.now(), monotonic()
        taken = [self._ring.popleft() for _ in range(len(self._ring))]
        return [
            CallEntry(
                plugin=plugin,
                kind=kind,
                target=target,
                at=now - timedelta(seconds=clock - began),
                took_ms=(ended - began) * 1000,
                outcome=outcome,
                code=code,
            )
            for plugin, kind, target, began, ended, outcome, code in taken
        ]


def _ending(error: CallError) -> tuple[str, str]:
    match error:
        case PluginFault():
            return CallOutcome.FAILED.value, error.code
        case DeadlinePassed():
            return CallOutcome.DEADLINE.value, ""
        case PluginLost():
            return LOST, ""
        case PluginUnavailable():
            return CallOutcome.UNAVAILABLE.value, ""
    return CallOutcome.FAILED.value, ""


log = CallLog(services.record_calls)
os.register_at_fork(after_in_child=log.forget)
atexit.register(log.close)
