"""The bell: wakes a worker for a plugin's queue, not more often than is of use.

A task drains a whole queue, so of a burst of events the first rings at once and all that follow
within the pause share one late ring. A thread of its own rings, because a broker that is away
takes seconds to say so and nobody who posts shall wait for that. A ring that is lost is made good
by the sweep.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
from collections.abc import Iterable

from celery import current_app
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)

DELIVER_TASK = "plugin_runtime.deliver"
PAUSE_SECONDS = 0.05
#: How long a process that ends waits for its last rings.
LEAVE_SECONDS = 1.0


class Bell:
    """Rings of this process: whoever asks goes on at once, one thread tells the broker."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._wanted: set[str] = set()
        self._is_ringing = False
        self._thread: threading.Thread | None = None

    def ring(self, plugins: Iterable[str]) -> None:
        """Have the queues of these plugins drained soon; never waits and never raises."""
        with self._changed:
            self._wanted.update(plugins)
            if self._wanted and self._thread is None:
                self._thread = threading.Thread(target=self._run, name="bell", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def leave(self) -> None:
        """Wait for the last rings, but not long; for a process that ends."""
        with self._changed:
            self._changed.wait_for(
                lambda: not (self._wanted or self._is_ringing), timeout=LEAVE_SECONDS
            )

    def _run(self) -> None:
        gathering = threading.Event()  # never set; waiting for it is a pause
        while True:
            for plugin in self._take():
                _send(plugin)
            with self._changed:
                self._is_ringing = False
                self._changed.notify_all()
            gathering.wait(PAUSE_SECONDS)

    def _take(self) -> set[str]:
        with self._changed:
            self._changed.wait_for(lambda: self._wanted)
            taken, self._wanted = self._wanted, set()
            self._is_ringing = True
            return taken


def _send(plugin: str) -> None:
    try:
        current_app.send_task(DELIVER_TASK, (plugin,), retry=False)
    except (OperationalError, OSError):
        logger.warning("the broker is away; the sweep will deliver", extra={"plugin": plugin})
    except Exception:  # a wall: the thread must outlive whatever a broker's driver raises
        logger.exception("a ring failed; the sweep will deliver", extra={"plugin": plugin})


_bell = Bell()


def ring(plugins: Iterable[str]) -> None:
    """Have the queues of these plugins drained soon; never waits and never raises."""
    _bell.ring(plugins)


def _leave() -> None:
    _bell.leave()


def _after_fork() -> None:
    global _bell
    _bell = Bell()


atexit.register(_leave)
os.register_at_fork(after_in_child=_after_fork)
