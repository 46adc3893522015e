"""One living sandbox, seen from the supervisor: its control line, its health, its end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from dataclasses import dataclass
from typing import Protocol

from plexichat_plugin_sdk._wire.control import (
    ConfigChanged,
    JobMark,
    Line,
    LineWanted,
    Ping,
    Pong,
    ToSupervisor,
    Unload,
    Unloaded,
)
from plexichat_plugin_sdk._wire.framing import WireClosed, WireViolation
from plugin_runtime.conf import conf
from plugin_runtime.exceptions import PluginUnavailable
from plugin_runtime.framed import AsyncFramed
from plugins_registry.queries import WantedPlugin

from .ending import Ending
from .overruns import Overruns, stuck_call

logger = logging.getLogger(__name__)

#: Frames that a sandbox may send between two health questions; it has no reason for more.
FRAMES_PER_PING = 1000
#: How long an ending waits for the caller's word on which call the plugin was in.
LAST_WORDS_SECONDS = 0.1
#: A process that ends closes its control line a moment before it is reaped; one that lives on
#: after this has cut the line to be out of sight.
REAP_SECONDS = 2.0


class GatewayDoor(Protocol):
    """Where the host's ends of gateway lines go."""

    def accept(self, plugin: str, release: str, end: socket.socket) -> None:
        """Serve this line; it belongs to that plugin."""


class Process(Protocol):
    """The confined process behind the control line."""

    #: For reading /proc only; signals go through the pidfd.
    pid: int
    #: Resolves with one sentence on how the process ended.
    exited: asyncio.Future[str]
    #: Whether it ended through no doing of its own.
    was_lost: bool

    def kill(self) -> None:
        """End it now; harmless when it has ended."""

    def let_run(self) -> None:
        """Resume it if it is paused for its processor share."""

    def close(self) -> None:
        """Release its descriptors, cgroup and scratch folder, after the end."""


async def end_of(process: Process) -> str | None:
    """Return how a process ended whose control line is closed; None when it lives on all the same.

    One that lives on must be killed: nobody would ever hear of it again.
    """
    try:
        async with asyncio.timeout(REAP_SECONDS):
            return await asyncio.shield(process.exited)
    except TimeoutError:
        return None


@dataclass(frozen=True, kw_only=True)
class Confinement:
    """What holds the sandbox in, as it reported itself before any plugin code ran."""

    level: str
    layers: tuple[str, ...]


class Sandbox:
    """A loaded plugin in its process."""

    def __init__(
        self,
        wanted: WantedPlugin,
        *,
        process: Process,
        control: AsyncFramed[ToSupervisor],
        confinement: Confinement,
        gateway: GatewayDoor,
    ) -> None:
        self.plugin = wanted.name
        self.release = wanted.version
        self.pid = process.pid
        self.level = confinement.level
        self.layers = confinement.layers
        #: What it handles, once it is loaded.
        self.hooks: frozenset[str] = frozenset()
        self.jobs: list[JobMark] = []
        #: Resolves when the process is gone, with the reason.
        self.ended: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        self._process = process
        self._control = control
        self._gateway = gateway
        self._numbers = 0
        self._frames = 0
        self._overruns = Overruns()
        self._verdict = ""  # why the supervisor ended it
        self._stack = ""
        self._lost_in = ""
        self._pongs: dict[int, asyncio.Future[Pong]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._stuck_check: asyncio.Task[None] | None = None

    def attend(self) -> None:
        """Start listening to the sandbox and asking after its health."""
        self._tasks = [
            asyncio.create_task(self._listen()),
            asyncio.create_task(self._ask_after_health()),
            asyncio.create_task(self._wait_for_end()),
        ]

    async def introduce(self) -> socket.socket:
        """Return the caller's end of a new conversation; raise `PluginUnavailable`."""
        theirs, ours = socket.socketpair()
        self._numbers += 1
        try:
            await self._control.hand_over(Line("conversation", self._numbers), theirs)
        except WireClosed as error:
            ours.close()
            raise PluginUnavailable(self.plugin, f"it takes no calls: {error}") from error
        return ours

    async def give_gateway_line(self) -> None:
        """Hand in one more line to the gateway, which keeps the limit."""
        theirs, ours = socket.socketpair()
        self._numbers += 1
        self._gateway.accept(self.plugin, self.release, ours)
        await self._control.hand_over(Line("gateway", self._numbers), theirs)

    async def configure(self, wanted: WantedPlugin) -> None:
        """Tell the plugin its new configuration."""
        with contextlib.suppress(WireClosed):
            await self._control.send(ConfigChanged(wanted.config, wanted.stored_config))

    async def stop(self) -> None:
        """Ask the plugin to unload, wait out its grace, and end the process in any case."""
        grace = conf.stop_seconds
        self._process.let_run()
        with contextlib.suppress(WireClosed, TimeoutError):
            async with asyncio.timeout(grace):
                await self._control.send(Unload(int(grace * 1000)))
                await asyncio.shield(self.ended)
        self.end("stopped: it did not unload within its grace")
        await self.ended

    def end(self, verdict: str, stack: str = "") -> None:
        """Kill the process; the verdict becomes the reason of its ending."""
        if not self.ended.done():
            self._verdict = self._verdict or verdict
            self._stack = self._stack or stack
            self._process.kill()

    def lost_in(self, target: str) -> None:
        """A caller lost the plugin during this call."""
        self._lost_in = self._lost_in or target

    def overran(self, target: str, deadline_ms: int) -> None:
        """A caller stopped waiting for this call."""
        if self._overruns.record(asyncio.get_running_loop().time()):
            self.end(
                f"stopped: {self._overruns.limit} calls within {self._overruns.window:.0f} s "
                f"brought no answer, the last one {target!r} within {deadline_ms} ms"
            )
            return
        if self._stuck_check is None or self._stuck_check.done():
            self._stuck_check = asyncio.create_task(self._check_stuck())
            self._tasks.append(self._stuck_check)

    async def _check_stuck(self) -> None:
        """Look after the grace whether the call that overran has come to an end meanwhile."""
        await asyncio.sleep(conf.overrun_seconds)
        await self._check_health()

    async def _ask_after_health(self) -> None:
        while True:
            await asyncio.sleep(conf.ping_seconds)
            self._frames = 0
            await self._check_health()

    async def _check_health(self) -> None:
        try:
            async with asyncio.timeout(conf.unresponsive_seconds):
                pong = await self._asked(with_stacks=False)
                stuck = stuck_call(pong.calls, grace_seconds=conf.overrun_seconds)
                if stuck is not None:
                    stacks = (await self._asked(with_stacks=True)).stacks
                    self.end(f"stopped: {stuck}", stacks)
        except TimeoutError:
            self.end(
                f"stopped: it did not react for {conf.unresponsive_seconds:.0f} s; "
                "a long computation outside of Python holds its interpreter, or it is too slow"
            )
        except WireClosed:
            pass  # it is gone; its exit tells the rest

    async def _asked(self, *, with_stacks: bool) -> Pong:
        self._numbers += 1
        number = self._numbers
        self._pongs[number] = asyncio.get_running_loop().create_future()
        try:
            await self._control.send(Ping(number, with_stacks))
            return await self._pongs[number]
        finally:
            del self._pongs[number]

    async def _listen(self) -> None:
        try:
            while True:
                record = await self._control.receive()
                self._frames += 1
                if self._frames > FRAMES_PER_PING:
                    self.end("stopped: it flooded its control line")
                    return
                await self._heed(record)
        except WireClosed:
            if await end_of(self._process) is None:
                self.end("stopped: it cut its control line, or stopped reading it")
        except WireViolation as error:
            self.end(f"stopped: it broke the rules of its control line ({error})")

    async def _heed(self, record: ToSupervisor) -> None:
        match record:
            case Pong(number):
                if number in self._pongs and not self._pongs[number].done():
                    self._pongs[number].set_result(record)
            case LineWanted():
                await self.give_gateway_line()
            case Unloaded(problem):
                if problem:
                    logger.warning("on_unload failed", extra={"plugin": self.plugin})
            case _:
                self.end(f"stopped: it said {type(record).__name__} out of turn")

    async def _wait_for_end(self) -> None:
        try:
            how = await asyncio.shield(self._process.exited)
            if not self._verdict and not self._lost_in:
                await asyncio.sleep(LAST_WORDS_SECONDS)
            for task in self._tasks:
                if task is not asyncio.current_task():
                    task.cancel()
        finally:  # also when the supervisor's loop ends before the process was seen to
            self._control.close()
            self._process.close()
        reason = self._verdict or how
        if self._lost_in:
            reason += f" (during {self._lost_in!r})"
        is_failure = not self._process.was_lost
        self.ended.set_result(Ending(reason=reason, stack=self._stack, is_failure=is_failure))
