"""The nursery: brings forth confined, limited, still empty processes.

It knows what holds on this machine, owns the zygote, and hears of every end.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import signal
import socket
from pathlib import Path

from plugin_runtime.conf import conf
from plugin_runtime.sandbox.layers import SUPERVISED, Level, left_open
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
from plugins_registry.queries import WantedPlugin

from .ending import Ending, StartFailed
from .process import ConfinedProcess, look_seconds

logger = logging.getLogger(__name__)

#: One thread per conversation, WebSockets included, and a descriptor for each.
THREADS = 320
OPEN_FILES = 512


class Nursery:
    """All processes of this node's sandboxes."""

    def __init__(self) -> None:
        self._probe = Probe((), ("this machine has not been probed yet",), None)
        self._line: ZygoteLine | None = None
        self._opening = asyncio.Lock()
        self._processes: dict[int, ConfinedProcess] = {}
        #: Scratch folders in use; two sandboxes of one plugin live side by side for a while.
        self._scratch: dict[int, Path] = {}
        self._reaping: asyncio.Task[None] | None = None

    @property
    def isolation(self) -> str:
        """One line on how far plugins are locked in here."""
        layers = self._probe.layers
        lines = [f"Plugins run isolated at level '{self._probe.level.label}': {', '.join(layers)}"]
        return "\n  ".join([*lines, *(f"left open: {opening}" for opening in left_open(layers))])

    @property
    def supervised_layers(self) -> tuple[str, ...]:
        """What is enforced from outside the sandbox, beside what it applies to itself."""
        return tuple(name for name in self._probe.layers if name in SUPERVISED)

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

    def require_minimum(self) -> None:
        """Raise `StartFailed` where this machine confines less than the operator asks for."""
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

    async def spawn(self, wanted: WantedPlugin, control: socket.socket) -> ConfinedProcess:
        """Fork a sandbox for a plugin and put it under its limits.

        `control` is the sandbox's end of its control line. Raises `StartFailed`.
        """
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
            self._scratch.pop(number, None)
            raise _host_trouble(f"no sandbox could be started: {error}") from error
        enforcement = self._limited(f"{wanted.name}.{number}", child, wanted, terms)
        pause = look_seconds(self._probe.layers)
        process = ConfinedProcess(child, enforcement, look_seconds=pause)
        self._processes[number] = process
        return process

    def _terms(self, wanted: WantedPlugin, number: int) -> Terms:
        return Terms(
            scratch=self._free_scratch(wanted.name, number),
            uid=own_uid(number),
            memory_bytes=wanted.memory_bytes,
            threads=THREADS,
            open_files=OPEN_FILES,
        )

    def _free_scratch(self, plugin: str, number: int) -> Path:
        used = set(self._scratch.values())
        folders = (conf.home / "scratch" / plugin / str(at) for at in itertools.count())
        self._scratch[number] = next(folder for folder in folders if folder not in used)
        return self._scratch[number]

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
                self._scratch.pop(exited.number, None)
                if process is not None:
                    process.has_exited(exited.wait_status)
        except ZygoteFailed:
            logger.exception("the zygote is gone; a new one is started with the next plugin")
            self._line = None
            for process in self._processes.values():
                process.is_lost()
            self._processes.clear()
            self._scratch.clear()
            await line.stop()  # or it would stay as a zombie


def _host_trouble(reason: str) -> StartFailed:
    return StartFailed(Ending(reason=reason, is_failure=False))
