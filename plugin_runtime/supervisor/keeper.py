"""The keeper: one plugin's life, told as one coroutine.

It starts the plugin when it is wanted, stops it when it is not, starts it again after a failure
with growing pauses, and puts it into quarantine when that does not help. A wish for another
release, or for a fresh start, is answered without a gap: the new sandbox comes up beside the old
one, which goes on serving if the new one does not.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import socket
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from django.db import Error as DatabaseError

from plugin_runtime.exceptions import PluginUnavailable
from plugin_runtime.switchboard.protocol import Complaint
from plugins_registry.queries import Trial, WantedPlugin
from plugins_registry.states import State

from .ending import Ending, StartFailed
from .failures import Failures
from .observer import Observer
from .roll import Roll
from .sandbox import Sandbox
from .watching import Guard, Watch

logger = logging.getLogger(__name__)


class Means(Protocol):
    """What keepers use of their supervisor."""

    def start(self, wanted: WantedPlugin) -> Awaitable[Sandbox]:
        """Start the plugin in a sandbox of its own: loaded and accepted, or `StartFailed`."""

    def offer_jobs(self, wanted: WantedPlugin, sandbox: Sandbox) -> Awaitable[None]:
        """Let the plugin's jobs be those of this sandbox; or `StartFailed`."""

    def carry_out(
        self, trial: Trial, *, running: WantedPlugin, serving: Sandbox
    ) -> Awaitable[Sandbox | None]:
        """Try another release beside the one that serves; return it once it takes over."""

    def watch(self, upgrade_id: int, over: Callable[[], None]) -> Watch:
        """Watch a release that took over lately."""

    def complain(self, complaint: Complaint) -> None:
        """Pass on what an admin should see."""

    #: Who is up, for those who wait for others.
    roll: Roll


#: How long a trial that the database cut off waits before it is begun again.
TRY_AGAIN_SECONDS = 5.0

Clock = Callable[[], float]


class Keeper:
    """Keeps one plugin as it is wanted."""

    def __init__(
        self,
        wanted: WantedPlugin,
        *,
        means: Means,
        observer: Observer,
        clock: Clock = time.monotonic,
    ) -> None:
        self.wanted = wanted
        self.sandbox: Sandbox | None = None
        self._means = means
        self._observer = observer
        self._clock = clock
        self._failures = Failures()
        self._has_news = asyncio.Event()
        self._is_retired = False
        self._guard = Guard(lambda upgrade_id: means.watch(upgrade_id, self._has_news.set))
        #: The last upgrade that was tried here, and the last that was switched over to.
        self._tried = self._switched = 0
        #: Sandboxes whose successors are in charge already.
        self._leaving: set[asyncio.Task[None]] = set()

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
            if lack := self._means.roll.lack(self.wanted):
                self._note(State.STOPPED, lack)
                await self._news_or(self._means.roll.change())
                continue
            tried = _try_of(self.wanted)
            ending = await self._live(self.wanted)
            if ending is not None and not self._is_retired:
                await self._after(ending, tried)
        self._guard.stop()
        self._note(State.STOPPED, "the supervisor has stopped")

    async def _live(self, wanted: WantedPlugin) -> Ending | None:
        """Bring the plugin up and stay with it; None when it was asked to end."""
        self._note(State.STARTING, f"loading release {wanted.version}")
        try:
            sandbox = await self._means.start(wanted)
        except StartFailed as error:
            return error.ending
        try:
            return await self._accompany(sandbox, wanted)
        finally:
            if self.sandbox is not None:  # whatever went wrong, no process may be left alone
                self.sandbox.end("stopped: its supervisor failed")
            self._take_off_duty()
            await asyncio.gather(*self._leaving)

    async def _accompany(self, sandbox: Sandbox, running: WantedPlugin) -> Ending | None:
        """Stay with a running sandbox, and with those that take its place."""
        self._put_in_charge(sandbox)
        refused: tuple[int, int] | None = None
        while True:
            if sandbox.ended.done():
                return sandbox.ended.result()
            if self._is_retired or not self.wanted.enabled:
                await self._stop(sandbox)
                return None
            wanted = self.wanted
            successor: Sandbox | None = None
            if self._is_outdated(wanted):
                await self._news_or_end(sandbox)
                continue
            if _try_of(wanted) not in (_try_of(running), refused):
                successor = await self._successor_of(running, wanted)
                refused = None if successor else _try_of(wanted)
            elif wanted.trial is not None and wanted.trial.upgrade_id != self._tried:
                successor = await self._tried_out(wanted.trial, running, sandbox)
                wanted = wanted.trial.candidate
            if successor is not None:
                self._let_leave(sandbox)
                sandbox, running = successor, wanted
                continue
            running = await self._configured(sandbox, running)
            if self.wanted.release_id == running.release_id:
                self._guard.follow(self.wanted.watched)
            await self._news_or_end(sandbox)

    def _try_again(self) -> None:
        self._tried = 0
        self._has_news.set()

    def _is_outdated(self, wanted: WantedPlugin) -> bool:
        """Whether a wish was read before the switch that was made here since."""
        return wanted.trial is not None and wanted.trial.upgrade_id == self._switched

    async def _configured(self, sandbox: Sandbox, running: WantedPlugin) -> WantedPlugin:
        if self.wanted.stored_config != running.stored_config:
            await sandbox.configure(self.wanted)
        return dataclasses.replace(running, **_configuration_of(self.wanted))

    async def _tried_out(
        self, trial: Trial, running: WantedPlugin, serving: Sandbox
    ) -> Sandbox | None:
        """Try a release out; return its sandbox when it takes over from the serving one."""
        self._tried = trial.upgrade_id
        try:
            candidate = await self._means.carry_out(trial, running=running, serving=serving)
        except DatabaseError:
            logger.exception(
                "a trial was cut off and is begun again", extra={"plugin": running.name}
            )
            asyncio.get_running_loop().call_later(TRY_AGAIN_SECONDS, self._try_again)
            return None
        if candidate is not None:
            self._switched = trial.upgrade_id
            self._put_in_charge(candidate)
            self._guard.follow(trial.upgrade_id)
            with contextlib.suppress(StartFailed):  # it was ended, which is noticed next
                await self._means.offer_jobs(trial.candidate, candidate)
        return candidate

    async def _successor_of(self, running: WantedPlugin, wanted: WantedPlugin) -> Sandbox | None:
        """Start the wanted release beside the running one; None when it does not come up.

        Nobody notices: the running one answers all calls until the new one is in charge.
        """
        try:
            successor = await self._means.start(wanted)
        except StartFailed as error:
            ending = error.ending
        else:
            self._put_in_charge(successor)
            return successor
        reason = f"release {running.version} goes on: {wanted.version} did not start: "
        logger.warning(
            "a successor did not start", extra={"plugin": wanted.name, "reason": ending.reason}
        )
        self._note(
            State.ACTIVE, reason + ending.reason, stack=ending.stack, refused_wish=wanted.wish
        )
        self._means.complain(
            Complaint(wanted.name, "successor", reason + ending.reason, ending.stack)
        )
        return None

    def _put_in_charge(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._means.roll.enter(sandbox.plugin, sandbox.release)
        self._note(State.ACTIVE, level=sandbox.level, layers=sandbox.layers)

    def _let_leave(self, sandbox: Sandbox) -> None:
        """Let a sandbox finish what it does while its successor answers new calls."""
        leaving = asyncio.create_task(sandbox.stop())
        self._leaving.add(leaving)
        leaving.add_done_callback(self._leaving.discard)

    async def _stop(self, sandbox: Sandbox) -> None:
        self._take_off_duty()  # nobody new is introduced while it finishes
        self._note(State.STOPPING)
        await sandbox.stop()

    def _take_off_duty(self) -> None:
        self.sandbox = None
        self._means.roll.strike(self.wanted.name)

    async def _news_or_end(self, sandbox: Sandbox) -> None:
        await self._news_or(asyncio.shield(sandbox.ended))

    async def _news_or(self, other: Awaitable[object]) -> None:
        """Wait for the first of the two, and no longer for the other."""
        either = {asyncio.ensure_future(self._news()), asyncio.ensure_future(other)}
        _, left = await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        for each in left:
            each.cancel()

    async def _after(self, ending: Ending, tried: tuple[int, int]) -> None:
        """Pause before the next try, or wait in quarantine for an admin."""
        if await self._guard.take_back(ending):
            self._failures.forgive()
            await self._news_of_another(tried)
            return
        logger.warning("plugin ended", extra={"plugin": self.wanted.name, "reason": ending.reason})
        pause: float | None = 1.0
        if ending.is_failure:
            pause = self._failures.record(self._clock())
        state = State.QUARANTINED if pause is None else State.BACKING_OFF
        self._note(state, ending.reason, stack=ending.stack)
        self._means.complain(Complaint(self.wanted.name, "ended", ending.reason, ending.stack))
        if await self._new_wish(tried, pause):
            self._failures.forgive()

    async def _news_of_another(self, tried: tuple[int, int]) -> None:
        """Wait until the release that was returned to is the wanted one."""
        while not self._is_retired and _try_of(self.wanted) == tried:
            await self._news()

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


def _configuration_of(wanted: WantedPlugin) -> dict[str, Any]:
    return {"config": wanted.config, "stored_config": wanted.stored_config}
