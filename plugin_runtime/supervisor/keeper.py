"""The keeper: one plugin's life, told as one coroutine.

It starts the plugin when it is wanted, stops it when it is not, starts it again after a failure
with growing pauses, and puts it into quarantine when that does not help.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from plugin_runtime.exceptions import PluginUnavailable
from plugin_runtime.switchboard.protocol import Complaint
from plugins_registry.queries import WantedPlugin
from plugins_registry.states import State

from .ending import Ending, StartFailed
from .failures import Failures
from .observer import Observer
from .sandbox import Sandbox

logger = logging.getLogger(__name__)


class Starter(Protocol):
    """How to bring a plugin up: a loaded and accepted sandbox, or `StartFailed`."""

    def __call__(self, wanted: WantedPlugin) -> Awaitable[Sandbox]:
        """Start the plugin in a sandbox of its own."""


Clock = Callable[[], float]


class Keeper:
    """Keeps one plugin as it is wanted."""

    def __init__(
        self,
        wanted: WantedPlugin,
        *,
        start: Starter,
        observer: Observer,
        complain: Callable[[Complaint], None],
        clock: Clock = time.monotonic,
    ) -> None:
        self.wanted = wanted
        self.sandbox: Sandbox | None = None
        self._start = start
        self._observer = observer
        self._complain = complain
        self._clock = clock
        self._failures = Failures()
        self._has_news = asyncio.Event()
        self._is_retired = False

    def want(self, wanted: WantedPlugin) -> None:
        """Take over a newer wish; the plugin follows as soon as it can."""
        if wanted != self.wanted:
            self.wanted = wanted
            self._has_news.set()

    def retire(self) -> None:
        """Stop the plugin and end `run`: it was uninstalled, or the supervisor stops."""
        self._is_retired = True
        self._has_news.set()

    async def introduce(self) -> socket.socket:
        """Return the caller's end of a new conversation; raise `PluginUnavailable`."""
        if self.sandbox is None:
            raise PluginUnavailable(self.wanted.name, "it is not running at the moment")
        return await self.sandbox.introduce()

    async def run(self) -> None:
        """Keep the plugin until it is retired."""
        while not self._is_retired:
            if not self.wanted.enabled:
                self._note(State.STOPPED, "disabled")
                await self._news()
                continue
            tried = _try_of(self.wanted)
            ending = await self._live(self.wanted)
            if ending is not None and not self._is_retired:
                await self._after(ending, tried)
        self._note(State.STOPPED, "the supervisor has stopped")

    async def _live(self, wanted: WantedPlugin) -> Ending | None:
        """Bring the plugin up and stay with it; None when it was asked to end."""
        self._note(State.STARTING, f"loading release {wanted.version}")
        try:
            sandbox = await self._start(wanted)
        except StartFailed as error:
            return error.ending
        self.sandbox = sandbox
        self._note(State.ACTIVE, level=sandbox.level, layers=sandbox.layers)
        try:
            return await self._accompany(sandbox, wanted)
        finally:
            self.sandbox = None

    async def _accompany(self, sandbox: Sandbox, running: WantedPlugin) -> Ending | None:
        while True:
            news = asyncio.create_task(self._news())
            either: set[asyncio.Future[Any]] = {news, sandbox.ended}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            news.cancel()
            if sandbox.ended.done():
                return sandbox.ended.result()
            if (
                self._is_retired
                or not self.wanted.enabled
                or _try_of(self.wanted) != _try_of(running)
            ):
                self.sandbox = None  # nobody new is introduced while it finishes
                self._note(State.STOPPING)
                await sandbox.stop()
                return None
            if self.wanted.stored_config != running.stored_config:
                await sandbox.configure(self.wanted)
            running = self.wanted

    async def _after(self, ending: Ending, tried: tuple[int, int]) -> None:
        """Pause before the next try, or wait in quarantine for an admin."""
        logger.warning("plugin ended", extra={"plugin": self.wanted.name, "reason": ending.reason})
        pause: float | None = 1.0
        if ending.is_failure:
            pause = self._failures.record(self._clock())
        state = State.QUARANTINED if pause is None else State.BACKING_OFF
        self._note(state, ending.reason, stack=ending.stack)
        self._complain(Complaint(self.wanted.name, "ended", ending.reason, ending.stack))
        if await self._new_wish(tried, pause):
            self._failures.forgive()

    async def _new_wish(self, tried: tuple[int, int], seconds: float | None) -> bool:
        """Wait for another wish at most so long; True when one came."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not self._is_retired and self.wanted.enabled:
                    await self._news()
                    if _try_of(self.wanted) != tried:
                        return True
                return True
        return False

    async def _news(self) -> None:
        await self._has_news.wait()
        self._has_news.clear()

    def _note(self, state: State, reason: str = "", **facts: object) -> None:
        self._observer.note(self.wanted.name, state, reason, **facts)


def _try_of(wanted: WantedPlugin) -> tuple[int, int]:
    """What makes two wishes ask for two separate starts."""
    return wanted.release_id, wanted.wish
