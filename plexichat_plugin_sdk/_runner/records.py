"""Log records on their way out: a bounded queue and one sender.

Whoever logs only appends; when the host reads too slowly records are dropped and counted, and
the count is reported as a record of its own.
"""

from __future__ import annotations

import collections
import logging
import threading
from typing import Any

from plexichat_plugin_sdk._wire.questions import Tell
from plexichat_plugin_sdk.exceptions import PluginError

from .gateway_lines import GatewayLines

MOST_WAITING = 512  # at 40 KiB each at the very most, about 20 MiB


class Records:
    """The queue; the thread that empties it starts with the first record."""

    def __init__(self, lines: GatewayLines) -> None:
        self._lines = lines
        self._changed = threading.Condition()
        self._waiting: collections.deque[Tell] = collections.deque()
        self._dropped = 0
        self._is_sending = False
        self._thread: threading.Thread | None = None

    def put(self, what: str, arguments: dict[str, Any]) -> None:
        """Queue one fact, or count it as dropped; returns at once."""
        with self._changed:
            if len(self._waiting) >= MOST_WAITING:
                self._dropped += 1
                return
            self._waiting.append(Tell(what, arguments))
            if self._thread is None:
                thread = threading.Thread(target=self._serve, name="log", daemon=True)
                thread.start()
                self._thread = thread
            self._changed.notify_all()

    def flush(self, seconds: float) -> bool:
        """Wait until all is sent, at most so long; return whether it was."""
        with self._changed:
            return self._changed.wait_for(
                lambda: not self._waiting and not self._is_sending, seconds
            )

    def _serve(self) -> None:
        while True:
            for record in self._next():
                try:
                    self._lines.tell(record)
                except PluginError:
                    self._count_drop()
            with self._changed:
                self._is_sending = False
                self._changed.notify_all()

    def _next(self) -> list[Tell]:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting)
            self._is_sending = True
            batch = list(self._waiting)
            self._waiting.clear()
            if self._dropped:
                batch.append(_report(self._dropped))
                self._dropped = 0
            return batch

    def _count_drop(self) -> None:
        with self._changed:
            self._dropped += 1


def _report(count: int) -> Tell:
    return Tell(
        "log.record",
        {
            "level": logging.WARNING,
            "logger": "plugin",
            "message": f"{count} log records were dropped: more was logged than the host took",
            "extra": {"dropped": count},
            "exception": "",
            "call": "",
            "call_id": "",
        },
    )
