"""A conversation for asyncio callers: one WebSocket, frames both ways until it ends."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import Any

import msgspec

from plexichat_plugin_sdk._wire.conversation import Failure, ToCaller
from plexichat_plugin_sdk._wire.framing import LARGE_BYTES, WireClosed, WireViolation, encode
from plugin_runtime.exceptions import CallError
from plugin_runtime.switchboard import client
from plugins_registry.states import CallOutcome

from .call_log import LOST, OK, log

OPENED, CLOSED = "socket_opened", "socket_closed"


class AsyncConversation:
    """One socket to one plugin, driven by an event loop."""

    def __init__(
        self,
        plugin: str,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        target: str = "",
    ) -> None:
        self.plugin = plugin
        self._target = target
        self._began = monotonic()
        self._is_open = True
        #: How it ends as far as is known: outcome and code, for the log of calls.
        self._ending = OK, ""
        self._reader = reader
        self._writer = writer
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(ToCaller)

    async def send(self, record: msgspec.Struct) -> None:
        """Send one frame; waits while the plugin does not read. Raises `WireClosed`."""
        try:
            self._writer.write(encode(record, self._encoder))
            await self._writer.drain()
        except OSError as error:
            raise WireClosed(str(error)) from error

    async def receive(self) -> ToCaller:
        """Return the next frame; raise `WireClosed` or `WireViolation`."""
        try:
            record = await self._next()
        except (WireClosed, WireViolation):
            self._ending = LOST, ""
            raise
        if type(record) is Failure:
            self._ending = CallOutcome.FAILED.value, record.code[:100]
        return record

    async def _next(self) -> ToCaller:
        try:
            length = int.from_bytes(await self._reader.readexactly(4), "big")
            if length > LARGE_BYTES:  # unfolded it might take eighty times as much
                raise WireViolation(f"a frame of {length} bytes")
            frame = await self._reader.readexactly(length)
        except (asyncio.IncompleteReadError, OSError) as error:
            raise WireClosed("the plugin has closed the conversation") from error
        try:
            record: ToCaller = self._decoder.decode(frame)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
            raise WireViolation(f"a frame that is no known record: {error}") from error
        return record

    def close(self) -> None:
        """End the conversation at once; harmless when it has already ended.

        What the plugin has not read yet is thrown away: waiting for it would keep a descriptor
        and memory here for as long as a plugin likes.
        """
        self._writer.transport.abort()
        if self._is_open:
            self._is_open = False
            log.note(self.plugin, CLOSED, self._target, self._began, *self._ending)


async def open_socket(plugin: str, *, target: str = "") -> AsyncConversation:
    """Return a fresh conversation with a plugin; raise `PluginUnavailable`.

    `target` is the socket's address as declared, for the log of calls.
    """
    began = monotonic()
    try:
        connection = await asyncio.to_thread(client.introduce, plugin)
    except CallError as error:
        log.note_error(plugin, OPENED, target, began, error)
        raise
    # The deadlines of blocking callers do not apply: asyncio polls a non-blocking socket.
    connection.setblocking(False)
    reader, writer = await asyncio.open_unix_connection(sock=connection)
    log.note(plugin, OPENED, target, began)
    return AsyncConversation(plugin, reader, writer, target=target)
