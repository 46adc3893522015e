"""The supervisor itself: compares wishes with keepers, and answers the switchboard."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket

from django.db import Error as DatabaseError

from plugin_runtime.conf import conf
from plugin_runtime.events import errors
from plugin_runtime.exceptions import PluginUnavailable
from plugin_runtime.switchboard.protocol import Complaint, Lost, Overran
from plugin_runtime.switchboard.server import Switchboard
from plugins_registry import queries, services

from .complaints import Complaints
from .database import Database
from .keeper import Keeper
from .launcher import Launcher
from .means import Means
from .nursery import Nursery
from .observer import Observer
from .sandbox import GatewayDoor

logger = logging.getLogger(__name__)

#: How often the registry is looked at without being told: other nodes, lost wake-ups.
LOOK_SECONDS = 2.0


class Supervisor:
    """All plugins of this node."""

    def __init__(self, gateway: GatewayDoor) -> None:
        self._database = Database()
        self._observer = Observer(self._database)
        self._nursery = Nursery()
        self._launcher = Launcher(self._nursery, gateway=gateway, database=self._database)
        self._switchboard = Switchboard(conf.switchboard_path, self)
        self._complaints = Complaints()
        self._means = Means(self._launcher, self._database, self._complaints)
        self._keepers: dict[str, tuple[Keeper, asyncio.Task[None]]] = {}
        self._looking = asyncio.Lock()
        self._is_awake = asyncio.Event()
        self._generation = -1

    @property
    def isolation(self) -> str:
        """One line on how far plugins are locked in here, for the start-up message."""
        return self._nursery.isolation

    @property
    def pids(self) -> dict[str, int]:
        """The process of each plugin that is up."""
        keepers = {name: keeper for name, (keeper, _) in self._keepers.items()}
        return {name: kept.sandbox.pid for name, kept in keepers.items() if kept.sandbox}

    async def run(self, *, until: asyncio.Event, ready: asyncio.Event | None = None) -> None:
        """Keep the plugins until told to end; then stop them all."""
        self._switchboard.open()
        tasks: list[asyncio.Task[None]] = []
        try:
            await self._nursery.open()
            tasks = [
                asyncio.create_task(self._observer.run()),
                asyncio.create_task(self._switchboard.serve()),
                asyncio.create_task(self._look_around()),
            ]
            if ready is not None:
                ready.set()
            await until.wait()
        finally:
            await self._close(tasks)

    async def introduce(self, plugin: str) -> socket.socket:
        """Return the caller's end of a new conversation; raise `PluginUnavailable`."""
        if plugin not in self._keepers:
            raise PluginUnavailable(plugin, "no such plugin is installed")
        keeper, _ = self._keepers[plugin]
        return await keeper.introduce()

    def wake(self) -> None:
        """Look at the registry soon."""
        self._is_awake.set()

    async def look(self) -> int:
        """Look at the registry now and follow it; return the generation that was seen."""
        async with self._looking:
            generation = await self._database.run(queries.generation)
            if generation != self._generation:
                self._follow(await self._database.run(queries.wanted_plugins))
                self._generation = generation
                await self._switchboard.announce(generation)
            return generation

    def note(self, report: Overran | Lost | Complaint) -> None:
        """Take note of what a caller met; what an admin should see becomes a problem."""
        if report.plugin not in self._keepers:
            return
        sandbox = self._keepers[report.plugin][0].sandbox
        match report:
            case Overran(_, target, deadline_ms):
                if sandbox is not None:
                    sandbox.overran(target, deadline_ms)
                text = f"{target} gave no answer within {deadline_ms} ms"
                self._complaints.add(Complaint(report.plugin, f"overran:{target}", text, ""))
            case Lost(_, target):
                if sandbox is not None:
                    sandbox.lost_in(target)
            case Complaint():
                self._complaints.add(report)

    def _follow(self, wanted_plugins: list[queries.WantedPlugin]) -> None:
        names = {wanted.name for wanted in wanted_plugins}
        for wanted in wanted_plugins:
            if wanted.name in self._keepers:
                self._keepers[wanted.name][0].want(wanted)
            else:
                self._take_up(wanted)
        for name in self._keepers.keys() - names:
            self._keepers[name][0].retire()

    def _take_up(self, wanted: queries.WantedPlugin) -> None:
        keeper = Keeper(wanted, means=self._means, observer=self._observer)
        task = asyncio.create_task(keeper.run(), name=f"keeper-{wanted.name}")
        self._keepers[wanted.name] = (keeper, task)
        task.add_done_callback(lambda done: self._let_go(wanted.name, done))

    def _let_go(self, name: str, task: asyncio.Task[None]) -> None:
        self._keepers.pop(name, None)
        if not task.cancelled() and task.exception() is not None:
            logger.error("a keeper failed", exc_info=task.exception(), extra={"plugin": name})
            self._generation = -1  # take the plugin up again at the next look

    async def _look_around(self) -> None:
        while True:
            self._is_awake.clear()
            try:
                await self.look()
                await self._write_complaints()
            except DatabaseError:
                logger.exception("the registry cannot be read; plugins go on as they are")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._is_awake.wait()

    async def _write_complaints(self) -> None:
        for complaint, count in self._complaints.take():
            await self._database.run(_write, complaint, count)

    async def _close(self, tasks: list[asyncio.Task[None]]) -> None:
        await self._switchboard.close()
        keepers = list(self._keepers.values())
        for keeper, _ in keepers:
            keeper.retire()
        await asyncio.gather(*(task for _, task in keepers), return_exceptions=True)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2):  # an unreachable database must not hold up the end
                await self._observer.written()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._nursery.close()
        await self._database.close()


def _write(complaint: Complaint, count: int) -> None:
    services.raise_problem(
        complaint.plugin,
        complaint.key,
        complaint.message,
        details={"traceback": complaint.traceback, "times": count},
    )
    errors.tell(complaint.plugin, complaint.key)
