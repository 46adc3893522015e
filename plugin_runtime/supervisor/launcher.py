"""The launcher: from a wish to a loaded plugin in its sandbox, step by step.

Spawn, confined, gateway line, load, accepted by the registry: each step has a deadline, and a
plugin that fails one leaves nothing behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
from typing import TypeVar

import msgspec
from django.db import Error as DatabaseError

from plexichat_plugin_sdk._wire import WIRE_VERSION
from plexichat_plugin_sdk._wire.control import (
    Confined,
    LineWanted,
    Load,
    Loaded,
    LoadFailed,
    NotConfined,
    ToSupervisor,
)
from plexichat_plugin_sdk._wire.framing import WireClosed, WireViolation
from plugin_runtime.conf import conf
from plugin_runtime.framed import AsyncFramed
from plugin_runtime.sandbox.layers import SUPERVISED, Level, left_open, level
from plugin_runtime.sandbox.limits.enforcement import Enforcement, Shares, enforce
from plugin_runtime.sandbox.plan import Terms, confinement_for, own_uid
from plugin_runtime.sandbox.probe import Probe, probe
from plugin_runtime.sandbox.zygote.client import Sandbox as Child
from plugin_runtime.sandbox.zygote.client import (
    SpawnRefused,
    ZygoteFailed,
    ZygoteLine,
    start_zygote,
)
from plugins_registry import services
from plugins_registry.exceptions import RegistryError
from plugins_registry.queries import WantedPlugin

from .database import Database
from .ending import Ending, StartFailed
from .process import ConfinedProcess, look_seconds
from .sandbox import FRAMES_PER_PING, Confinement, GatewayDoor, Sandbox, end_of

logger = logging.getLogger(__name__)

#: A forked child needs some ten milliseconds; a busy machine a few hundred.
CONFINE_SECONDS = 10.0
#: One thread per conversation, WebSockets included, and a descriptor for each.
THREADS = 320
OPEN_FILES = 512

Record = TypeVar("Record", bound=msgspec.Struct)


class Launcher:
    """Starts sandboxes on this node; owns the zygote."""

    def __init__(self, gateway: GatewayDoor, database: Database) -> None:
        self._gateway = gateway
        self._database = database
        self._probe = Probe((), ("this machine has not been probed yet",), None)
        self._line: ZygoteLine | None = None
        self._opening = asyncio.Lock()
        self._processes: dict[int, ConfinedProcess] = {}
        self._reaping: asyncio.Task[None] | None = None

    @property
    def isolation(self) -> str:
        """One line on how far plugins are locked in here."""
        layers = self._probe.layers
        lines = [f"Plugins run isolated at level '{self._probe.level.label}': {', '.join(layers)}"]
        return "\n  ".join([*lines, *(f"left open: {opening}" for opening in left_open(layers))])

    async def open(self) -> None:
        """Find out what holds on this machine and start the zygote."""
        self._probe = await asyncio.to_thread(probe, conf.home)
        await self._zygote()

    async def close(self) -> None:
        """End the zygote and whatever sandbox is left."""
        if self._reaping is not None:
            self._reaping.cancel()
        if self._line is not None:
            await self._line.stop()

    async def start(self, wanted: WantedPlugin) -> Sandbox:
        """Return the plugin, loaded and accepted; raise `StartFailed` with the reason."""
        self._require_minimum()
        ours, theirs = socket.socketpair()
        control: AsyncFramed[ToSupervisor] = AsyncFramed(ours, ToSupervisor)
        with theirs:
            process = await self._spawn(wanted, theirs)
        confined = await self._step(Confined, control, process, CONFINE_SECONDS, "lock itself in")
        sandbox = self._sandbox(wanted, process, control, confined)
        with contextlib.suppress(WireClosed):  # its end is told by the next step
            await sandbox.give_gateway_line()
            await control.send(_load_of(wanted))
        loaded = await self._step(
            Loaded, control, process, conf.load_seconds, "load", sandbox=sandbox
        )
        await self._accept(wanted, loaded, process, control)
        sandbox.attend()
        return sandbox

    def _require_minimum(self) -> None:
        reached, minimum = self._probe.level, Level.from_label(conf.sandbox_minimum)
        if reached < max(minimum, Level.DEVELOPMENT):  # without any wall there is no sandbox
            raise StartFailed(
                Ending(
                    reason=(
                        f"this machine confines plugins at level {reached.label!r} only, and "
                        f"PLEXICHAT_SANDBOX_MINIMUM asks for {minimum.label!r} (without any "
                        "layer no plugin runs at all); missing: " + " ".join(self._probe.notes)
                    ),
                )
            )

    async def _spawn(self, wanted: WantedPlugin, control: socket.socket) -> ConfinedProcess:
        try:
            line = await self._zygote()
            number = line.next_number()
            terms = self._terms(wanted, number)
            confinement = confinement_for(
                wanted.name,
                layers=self._probe.layers,
                folders=[wanted.root, *wanted.site_packages],
                terms=terms,
            )
            child = await line.spawn(number, confinement, control)
        except (SpawnRefused, ZygoteFailed, OSError) as error:
            raise _host_trouble(f"no sandbox could be started: {error}") from error
        enforcement = self._limited(f"{wanted.name}.{number}", child, wanted, terms)
        pause = look_seconds(self._probe.layers)
        process = ConfinedProcess(child, enforcement, look_seconds=pause)
        self._processes[number] = process
        return process

    def _terms(self, wanted: WantedPlugin, number: int) -> Terms:
        return Terms(
            scratch=conf.home / "scratch" / wanted.name,
            uid=own_uid(number),
            memory_bytes=wanted.memory_bytes,
            threads=THREADS,
            open_files=OPEN_FILES,
        )

    def _limited(self, name: str, child: Child, wanted: WantedPlugin, terms: Terms) -> Enforcement:
        """Put the fresh process under its limits; one that cannot be limited is ended."""
        shares = Shares(cpu_millicores=wanted.cpu_millicores, terms=terms)
        try:
            return enforce(name, child, probe=self._probe, shares=shares)
        except OSError as error:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(child.pidfd, signal.SIGKILL)
            os.close(child.pidfd)
            raise _host_trouble(f"its limits could not be set: {error}") from error

    async def _step(
        self,
        expected: type[Record],
        control: AsyncFramed[ToSupervisor],
        process: ConfinedProcess,
        seconds: float,
        purpose: str,
        *,
        sandbox: Sandbox | None = None,
    ) -> Record:
        """Wait for the frame that ends a step; anything else ends the process."""
        try:
            async with asyncio.timeout(seconds):
                record = await _next_word(control, sandbox)
            if isinstance(record, expected):
                return record
            ending = _ending_of(record)
        except TimeoutError:
            ending = Ending(reason=f"it did not {purpose} within {seconds:g} s")
        except WireViolation as error:
            ending = Ending(reason=f"it broke the rules of its control line: {error}")
        except WireClosed:
            how = await end_of(process) or "it cut its control line, or stopped reading it"
            ending = Ending(
                reason=f"it ended before it could {purpose}: {how}",
                is_failure=not process.was_lost,
            )
        await self._clear_away(process, control)
        raise StartFailed(ending)

    async def _accept(
        self,
        wanted: WantedPlugin,
        loaded: Loaded,
        process: ConfinedProcess,
        control: AsyncFramed[ToSupervisor],
    ) -> None:
        hooks, endpoints, sockets = (
            [_as_dict(mark) for mark in marks]
            for marks in (loaded.hooks, loaded.endpoints, loaded.sockets)
        )
        try:
            await self._database.run(
                services.describe,
                wanted.release_id,
                hooks=hooks,
                endpoints=endpoints,
                sockets=sockets,
            )
        except RegistryError as error:
            ending = Ending(reason=f"its offer was refused: {error}")
        except DatabaseError:
            logger.exception("a plugin's offer could not be stored")
            ending = Ending(reason="the database could not be reached", is_failure=False)
        else:
            return
        await self._clear_away(process, control)
        raise StartFailed(ending)

    async def _clear_away(
        self, process: ConfinedProcess, control: AsyncFramed[ToSupervisor]
    ) -> None:
        process.kill()
        await process.exited
        control.close()
        process.close()

    def _sandbox(
        self,
        wanted: WantedPlugin,
        process: ConfinedProcess,
        control: AsyncFramed[ToSupervisor],
        confined: Confined,
    ) -> Sandbox:
        supervised = (name for name in self._probe.layers if name in SUPERVISED)
        layers = (*confined.layers, *supervised)
        return Sandbox(
            wanted,
            process=process,
            control=control,
            confinement=Confinement(level=level(layers).label, layers=layers),
            gateway=self._gateway,
        )

    async def _zygote(self) -> ZygoteLine:
        """Return the living zygote, starting one when there is none."""
        async with self._opening:
            if self._line is None:
                # In this thread on purpose: the zygote ends with the thread that started it.
                self._line = ZygoteLine(start_zygote(layers=self._probe.layers))
                self._reaping = asyncio.create_task(self._reap(self._line))
            return self._line

    async def _reap(self, line: ZygoteLine) -> None:
        try:
            while True:
                exited = await line.exited()
                process = self._processes.pop(exited.number, None)
                if process is not None:
                    process.has_exited(exited.wait_status)
        except ZygoteFailed:
            logger.exception("the zygote is gone; a new one is started with the next plugin")
            self._line = None
            for process in self._processes.values():
                process.is_lost()
            self._processes.clear()
            await line.stop()  # or it would stay as a zombie


async def _next_word(control: AsyncFramed[ToSupervisor], sandbox: Sandbox | None) -> ToSupervisor:
    """Return the next frame that is no wish for a gateway line; such wishes are granted."""
    for _ in range(FRAMES_PER_PING):
        record = await control.receive()
        if not isinstance(record, LineWanted) or sandbox is None:
            return record
        await sandbox.give_gateway_line()
    raise WireViolation("it flooded its control line")


def _load_of(wanted: WantedPlugin) -> Load:
    return Load(
        wire_version=WIRE_VERSION,
        plugin=wanted.name,
        release=wanted.version,
        description=wanted.description,
        root=str(wanted.root),
        site_packages=[str(folder) for folder in wanted.site_packages],
        entry_point=wanted.entry_point,
        config=wanted.config,
        stored_config=wanted.stored_config,
        metadata=wanted.metadata,
    )


def _ending_of(record: ToSupervisor) -> Ending:
    match record:
        case LoadFailed(message, traceback):
            return Ending(reason=f"it could not be loaded: {message}", stack=traceback)
        case NotConfined(layer, message):
            return Ending(reason=f"its sandbox was refused: layer {layer!r}: {message}")
        case _:
            return Ending(reason=f"it said {type(record).__name__} out of turn")


def _host_trouble(reason: str) -> StartFailed:
    return StartFailed(Ending(reason=reason, is_failure=False))


def _as_dict(mark: msgspec.Struct) -> dict[str, object]:
    return {name: getattr(mark, name) for name in mark.__struct_fields__}
