"""Slots: how many of a process's HTTP threads plugins may hold.

HTTP is served by few threads. A plugin that answers slowly, asked by a user who knows it, could
hold all of them until the deadline and the chat would stand still. So one plugin gets half of
the threads and all plugins together leave one free. Fast plugins do not notice: whoever finds no
slot waits a moment for one, but never behind calls that are slow already.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator

from .conf import conf

#: A call that has run this long will probably not end soon; nobody waits behind it.
SLOW_SECONDS = 1.0
WAIT_SECONDS = 0.25


class NoSlot(Exception):
    """Too many threads wait for plugins already."""


class Slots:
    """The calls that run now, by plugin, each with the time it began."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._running: dict[str, list[float]] = {}

    @contextlib.contextmanager
    def held(self, plugin: str) -> Iterator[None]:
        """Hold one slot; wait briefly for it. Raises `NoSlot`."""
        with self._changed:
            self._wait_for_one(plugin)
            began = time.monotonic()
            self._running.setdefault(plugin, []).append(began)
        try:
            yield
        finally:
            with self._changed:
                self._release(plugin, began)

    def _release(self, plugin: str, began: float) -> None:
        calls = self._running[plugin]
        calls.remove(began)
        if not calls:
            del self._running[plugin]
        self._changed.notify_all()

    def _wait_for_one(self, plugin: str) -> None:
        until = time.monotonic() + WAIT_SECONDS
        while blocking := self._blocking(plugin):
            now = time.monotonic()
            if now - max(blocking) > SLOW_SECONDS or now >= until:
                raise NoSlot(plugin)
            self._changed.wait(until - now)

    def _blocking(self, plugin: str) -> list[float]:
        """Return when the calls began of which one must end first; empty when there is a slot."""
        own = self._running.get(plugin, [])
        if len(own) >= max(1, conf.http_threads // 2):
            return own
        everyone = [began for calls in self._running.values() for began in calls]
        return everyone if len(everyone) >= max(1, conf.http_threads - 1) else []


slots = Slots()
