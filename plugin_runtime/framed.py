"""Frames on the supervisor's event loop: one non-blocking stream socket.

Descriptors go out beside a frame and never come in: reading uses plain `recv`, for which the
kernel throws away whatever descriptors the other side might send.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Any, Generic, TypeVar

import msgspec

from plexichat_plugin_sdk._wire.framing import WireClosed, WireViolation, encode

Incoming = TypeVar("Incoming")

_RECEIVE_BYTES = 64 * 1024
#: No honest frame on a control line or at the switchboard comes near. Decoded, a frame may take
#: eighty times its size (a MessagePack list is one byte, a Python list is not), on the event loop.
MOST_BYTES = 1024 * 1024


class AsyncFramed(Generic[Incoming]):
    """One socket that speaks one family of frames; see `_wire.framing.Framed` for threads."""

    def __init__(self, connection: socket.socket, incoming: Any) -> None:
        connection.setblocking(False)
        self._socket = connection
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder: msgspec.msgpack.Decoder[Incoming] = msgspec.msgpack.Decoder(incoming)
        self._buffer = bytearray()
        self._sending = asyncio.Lock()

    async def send(self, record: msgspec.Struct) -> None:
        """Send one frame; raise `WireClosed` when the other side is gone."""
        frame = encode(record, self._encoder)
        async with self._sending:
            try:
                await asyncio.get_running_loop().sock_sendall(self._socket, frame)
            except OSError as error:
                raise WireClosed(str(error)) from error

    async def hand_over(self, record: msgspec.Struct, end: socket.socket) -> None:
        """Send a descriptor beside a frame; our copy of it is closed in any case.

        Raises `WireClosed`, also when the other side does not read: its buffer is full, and
        waiting, be it behind another frame that waits, would hold up whoever asked for the line.
        """
        frame = encode(record, self._encoder)
        with end:
            if self._sending.locked():
                raise WireClosed("it does not read what it was sent before")
            try:
                sent = socket.send_fds(self._socket, [frame], [end.fileno()])
            except OSError as error:
                raise WireClosed(f"it does not take new lines ({error.strerror})") from error
        if sent != len(frame):
            raise WireClosed("it does not take new lines")

    async def receive(self) -> Incoming:
        """Return the next record; raise `WireClosed` or `WireViolation`."""
        length = int.from_bytes(await self._take(4), "big")
        if length > MOST_BYTES:
            raise WireViolation(f"a frame of {length} bytes")
        frame = await self._take(length)
        try:
            return self._decoder.decode(frame)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
            raise WireViolation(f"a frame that is no known record: {error}") from error

    def close(self) -> None:
        """End the connection."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    async def _take(self, count: int) -> bytes:
        loop = asyncio.get_running_loop()
        while len(self._buffer) < count:
            try:
                chunk = await loop.sock_recv(self._socket, _RECEIVE_BYTES)
            except OSError as error:
                raise WireClosed(str(error)) from error
            if not chunk:
                raise WireClosed("the other side has closed the connection")
            self._buffer += chunk
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken
