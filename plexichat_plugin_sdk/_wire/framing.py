"""Bytes on a blocking stream socket: a length, then a MessagePack record.

`Framed` is the fast path of every call, so it keeps one encoder, one decoder and one growing
buffer, sends with one system call and usually receives with one. Deadlines are the socket's own
`SO_RCVTIMEO`/`SO_SNDTIMEO`, set only when they change: Python's `settimeout` would add a `poll`
to each call.
"""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import time
from typing import Any, Generic, TypeVar

import msgspec

from . import MAX_FRAME_BYTES

Incoming = TypeVar("Incoming")

_LENGTH = struct.Struct("!I")
#: Most frames fit; a larger buffer for each receive costs several microseconds (measured).
_FIRST_BYTES = 8 * 1024
_REST_BYTES = 256 * 1024
#: Larger frames are decoded by `_decode_large`, which a host's side narrows.
LARGE_BYTES = 256 * 1024


class WireClosed(ConnectionError):
    """The other side has gone, or the socket was closed here."""


class WireTimeout(TimeoutError):
    """Nothing complete arrived (or could be sent) before the socket's deadline."""


class WireViolation(ValueError):
    """The other side sent what no correct peer sends; the connection is of no use any more."""


def encode(record: msgspec.Struct, encoder: msgspec.msgpack.Encoder) -> bytes:
    """Return the whole frame of a record; raise `WireViolation` when it is too large."""
    body = encoder.encode(record)
    length = len(body)
    if length > MAX_FRAME_BYTES:
        raise WireViolation(f"a frame of {length} bytes; at most {MAX_FRAME_BYTES} are allowed")
    # One more copy of the body, and yet at usual sizes quicker than encoding behind a gap.
    return _LENGTH.pack(length) + body


def set_deadline(connection: socket.socket, seconds: float) -> None:
    """Let each receive and send on a blocking socket wait at most so long; 0 waits for ever."""
    whole = int(seconds)
    timeval = struct.pack("ll", whole, int((seconds - whole) * 1_000_000))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeval)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, timeval)


class Framed(Generic[Incoming]):
    """One blocking socket that speaks one family of frames."""

    def __init__(self, connection: socket.socket, incoming: Any) -> None:
        self.socket = connection
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder: msgspec.msgpack.Decoder[Incoming] = msgspec.msgpack.Decoder(incoming)
        self._buffer = b""

    def send(self, record: msgspec.Struct, *, until: float | None = None) -> None:
        """Send one frame; raise `WireClosed`, `WireTimeout` or `WireViolation`.

        The socket's own deadline bounds each wait for room; `until` bounds their sum.
        """
        frame = encode(record, self._encoder)
        try:
            if until is None or len(frame) <= _FIRST_BYTES:
                self.socket.sendall(frame)
            else:
                self._send_by(frame, until)
        except WireTimeout:  # an OSError, but not that of a connection that is gone
            raise
        except BlockingIOError as error:
            raise WireTimeout("the other side does not read") from error
        except OSError as error:
            raise WireClosed(str(error)) from error

    def receive(self, *, until: float | None = None) -> Incoming:
        """Return the next record; raise `WireClosed`, `WireTimeout` or `WireViolation`.

        The socket's own deadline bounds each wait; `until` (`time.monotonic()`) bounds their sum,
        so that a peer which drips single bytes gains no time.
        """
        if self._buffer:
            frame = self._assembled(self._buffer, until)
        else:
            frame = self._receive_some()
            # The usual case, kept short: one receive brings exactly one frame.
            if len(frame) < 4 or _LENGTH.unpack_from(frame)[0] != len(frame) - 4:
                frame = self._assembled(frame, until)
        try:
            if len(frame) > LARGE_BYTES:
                return self._decode_large(frame[4:])
            # A slice of bytes is copied, and yet at usual sizes quicker than a memoryview of it.
            return self._decoder.decode(frame[4:])
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
            raise WireViolation(f"a frame that is no known record: {error}") from error

    def has_buffered(self) -> bool:
        """Whether bytes have arrived beyond the last record; `poll` does not know of them."""
        return bool(self._buffer)

    def close(self) -> None:
        """Close the socket; a thread that waits on it is woken with `WireClosed`."""
        with contextlib.suppress(OSError):  # already gone; what matters is the close below
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def _decode_large(self, body: bytes) -> Incoming:
        return self._decoder.decode(body)

    def _send_by(self, frame: bytes, until: float) -> None:
        """Send as there is room; a peer that reads in sips gains no time."""
        left = memoryview(frame)
        while left:
            self._wait(select.POLLOUT, until)
            with contextlib.suppress(BlockingIOError):
                left = left[self.socket.send(left, socket.MSG_DONTWAIT) :]

    def _receive_some(self, most: int = _FIRST_BYTES) -> bytes:
        try:
            chunk = self.socket.recv(most)
        except BlockingIOError as error:
            raise WireTimeout("no complete frame before the deadline") from error
        except OSError as error:
            raise WireClosed(str(error)) from error
        if not chunk:
            raise WireClosed("the other side has closed the connection")
        return chunk

    def _assembled(self, buffer: bytes, until: float | None) -> bytes:
        """Return one whole frame that begins with `buffer`; keep what comes after it."""
        while len(buffer) < 4:
            buffer += self._receive_more(until, _FIRST_BYTES)
        end = 4 + _checked_length(buffer)
        chunks, missing = [buffer], end - len(buffer)
        while missing > 0:
            chunk = self._receive_more(until, min(missing, _REST_BYTES))
            chunks.append(chunk)
            missing -= len(chunk)
        whole = b"".join(chunks)
        self._buffer = whole[end:]
        return whole[:end]

    def _receive_more(self, until: float | None, most: int) -> bytes:
        if until is not None:
            self._wait(select.POLLIN, until)
        return self._receive_some(most)

    def _wait(self, event: int, until: float) -> None:
        """Wait for room or for bytes; raise `WireTimeout` when neither came in time."""
        poll = select.poll()
        poll.register(self.socket, event)
        if not poll.poll(max(0.0, until - time.monotonic()) * 1000):
            raise WireTimeout("no complete frame before the deadline")


def _checked_length(buffer: bytes) -> int:
    length: int = _LENGTH.unpack_from(buffer)[0]
    if length > MAX_FRAME_BYTES:
        raise WireViolation(f"a frame of {length} bytes; at most {MAX_FRAME_BYTES} are allowed")
    return length
