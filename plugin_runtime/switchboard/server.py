"""The supervisor's side of the switchboard."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import struct
from functools import partial
from pathlib import Path
from typing import Protocol

from plexichat_plugin_sdk._wire.framing import WireClosed, WireViolation
from plugin_runtime.exceptions import PluginUnavailable
from plugin_runtime.framed import AsyncFramed

from .protocol import (
    Alive,
    Changed,
    Complaint,
    Done,
    Introduce,
    Introduced,
    Lost,
    Overran,
    Refused,
    Seen,
    Settle,
    ToSwitchboard,
    Wake,
    Watch,
)

logger = logging.getLogger(__name__)

#: A watcher that has not acknowledged by then is stuck; `Settle` no longer waits for it.
SETTLE_SECONDS = 2.0


class Exchange(Protocol):
    """What the switchboard needs from the supervisor behind it."""

    async def introduce(self, plugin: str) -> socket.socket:
        """Return the caller's end of a new conversation; raise `PluginUnavailable`."""

    async def look(self) -> int:
        """Look at the registry now; return the generation that was seen."""

    def wake(self) -> None:
        """Look at the registry soon."""

    def note(self, report: Overran | Lost | Complaint) -> None:
        """Take note of what a caller met."""


class Switchboard:
    """The listening socket, the desks and the watchers."""

    def __init__(self, path: Path, exchange: Exchange) -> None:
        self._path = path
        self._exchange = exchange
        self._watchers: dict[AsyncFramed[ToSwitchboard], int] = {}
        self._seen = asyncio.Condition()
        self._connections: set[asyncio.Task[None]] = set()
        self._listener: socket.socket | None = None
        self.generation = 0

    def open(self) -> None:
        """Start to listen; an older socket in the same place belonged to a dead supervisor."""
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path.parent.chmod(0o700)
        self._path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.setblocking(False)
        self._listener.bind(os.fspath(self._path))
        self._listener.listen(128)

    async def serve(self) -> None:
        """Accept callers until cancelled."""
        assert self._listener is not None, "open() comes before serve()"
        loop = asyncio.get_running_loop()
        while True:
            connection, _ = await loop.sock_accept(self._listener)
            if not _is_trusted(connection):
                connection.close()
                continue
            task = asyncio.create_task(self._attend(connection))
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)
            # One that is cancelled before its first step never closes it itself.
            task.add_done_callback(partial(_close, connection))

    async def close(self) -> None:
        """Stop listening and end every connection."""
        if self._listener is not None:
            self._path.unlink(missing_ok=True)
            self._listener.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def announce(self, generation: int) -> None:
        """Tell every watcher; returns before they have acknowledged."""
        self.generation = generation
        for watcher in list(self._watchers):
            with contextlib.suppress(WireClosed):
                await watcher.send(Changed(generation))

    async def _attend(self, connection: socket.socket) -> None:
        framed: AsyncFramed[ToSwitchboard] = AsyncFramed(connection, ToSwitchboard)
        try:
            while True:
                await self._answer(framed, await framed.receive())
        except WireClosed:
            pass
        except WireViolation:
            logger.exception("a caller spoke out of turn; its connection is closed")
        finally:
            await self._leave(framed)

    async def _leave(self, framed: AsyncFramed[ToSwitchboard]) -> None:
        framed.close()
        if self._watchers.pop(framed, None) is not None:
            async with self._seen:
                self._seen.notify_all()

    async def _answer(self, framed: AsyncFramed[ToSwitchboard], record: ToSwitchboard) -> None:
        match record:
            case Introduce(plugin):
                await self._introduce(framed, plugin)
            case Watch():
                self._watchers[framed] = 0
                await framed.send(Changed(self.generation))
            case Seen(generation):
                async with self._seen:
                    self._watchers[framed] = generation
                    self._seen.notify_all()
            case Settle():
                await self._settle(framed)
            case Alive():
                await framed.send(Done())
            case Wake():
                self._exchange.wake()
            case Overran() | Lost() | Complaint():
                self._exchange.note(record)

    async def _introduce(self, framed: AsyncFramed[ToSwitchboard], plugin: str) -> None:
        try:
            end = await self._exchange.introduce(plugin)
        except PluginUnavailable as error:
            await framed.send(Refused(str(error)))
        else:
            await framed.hand_over(Introduced(), end)

    async def _settle(self, framed: AsyncFramed[ToSwitchboard]) -> None:
        generation = await self._exchange.look()

        def is_settled() -> bool:
            return all(seen >= generation for seen in self._watchers.values())

        async with self._seen:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._seen.wait_for(is_settled), SETTLE_SECONDS)
        await framed.send(Done())


def _close(connection: socket.socket, _done: asyncio.Task[None]) -> None:
    connection.close()


def _is_trusted(connection: socket.socket) -> bool:
    """Whether the caller runs as our own user (or root): the folder's mode says so already."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    _, user_id, _ = struct.unpack("3i", credentials)
    return user_id in (0, os.geteuid())
