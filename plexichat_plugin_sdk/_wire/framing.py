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
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import msgspec

from . import MAX_FRAME_BYTES

Incoming = TypeVar("Incoming")

_LENGTH = struct.Struct("!I")
_pack_length, _unpack_length = _LENGTH.pack, _LENGTH.unpack_from
#: Most frames fit; a larger buffer for each receive costs several microseconds (measured).
_FIRST_BYTES = 8 * 1024
_REST_BYTES = 256 * 1024
#: Larger frames are decoded by `_decode_large`, which a host's side narrows.
LARGE_BYTES = 256 * 1024
#: What decoding raises for bytes that no correct peer sends.
_UNREADABLE = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError)


class WireClosed(ConnectionError):
    """The other side has gone, or the socket was closed here."""


class WireTimeout(TimeoutError):
    """Nothing complete arrived (or could be sent) before the socket's deadline."""


class WireViolation(ValueError):
    """The other side sent what no correct peer sends; the connection is of no use any more."""


def encode(record: msgspec.Struct, encoder: msgspec.msgpack.Encoder) -> bytes:
    """Return the whole frame of a record; raise `WireViolation` when it is too large."""
    return _framed(encoder.encode(record))


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
        self._encode = msgspec.msgpack.Encoder().encode
        self._decoder: msgspec.msgpack.Decoder[Incoming] = msgspec.msgpack.Decoder(incoming)
        self._buffer = b""
        #: Receives at most so many bytes, none at the end of the line; raises `OSError`.
        self._take: Callable[[int], bytes] = connection.recv

    def send(self, record: msgspec.Struct, *, until: float | None = None) -> None:
        """Send one frame; raise `WireClosed`, `WireTimeout` or `WireViolation`.

        The socket's own deadline bounds each wait for room; `until` bounds their sum.
        """
        body = self._encode(record)
        length = len(body)
        try:
            # The usual case, kept short. One more copy of the body, and yet at usual sizes
            # quicker than encoding behind a gap.
            if length < _FIRST_BYTES:
                self.socket.sendall(_pack_length(length) + body)
            else:
                self._send_large(body, until)
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
        try:
            received = self._buffer or self._take(_FIRST_BYTES)
            # The usual case, kept short: one receive has brought exactly one frame.
            if (
                not self._buffer
                and len(received) >= 4
                and _unpack_length(received)[0] == len(received) - 4
            ):
                # A slice is copied, and yet at usual sizes quicker than a memoryview of it.
                return self._decoder.decode(received[4:])
            return self._decoded(self._assembled(received, until))
        except _UNREADABLE as error:
            raise WireViolation(f"a frame that is no known record: {error}") from error
        except (WireClosed, WireTimeout):  # said already, and both are an OSError too
            raise
        except BlockingIOError as error:
            raise WireTimeout("no complete frame before the deadline") from error
        except OSError as error:
            raise WireClosed(str(error)) from error

    def has_buffered(self) -> bool:
        """Whether bytes have arrived beyond the last record; `poll` does not know of them."""
        return bool(self._buffer)

    def close(self) -> None:
        """Close the socket; a thread that waits on it is woken with `WireClosed`."""
        with contextlib.suppress(OSError):  # already gone; what matters is the close below
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def _decoded(self, frame: bytes) -> Incoming:
        return (self._decode_large if len(frame) > LARGE_BYTES else self._decoder.decode)(frame[4:])

    def _decode_large(self, body: bytes) -> Incoming:
        return self._decoder.decode(body)

    def _send_large(self, body: bytes, until: float | None) -> None:
        frame = _framed(body)
        if until is None:
            self.socket.sendall(frame)
        else:
            self._send_by(frame, until)

    def _send_by(self, frame: bytes, until: float) -> None:
        """Send as there is room; a peer that reads in sips gains no time."""
        left = memoryview(frame)
        while left:
            self._wait(select.POLLOUT, until)
            with contextlib.suppress(BlockingIOError):
                left = left[self.socket.send(left, socket.MSG_DONTWAIT) :]

    def _assembled(self, buffer: bytes, until: float | None) -> bytes:
        """Return one whole frame that begins with `buffer`; keep what comes after it."""
        if not buffer:
            raise WireClosed("the other side has closed the connection")
        while len(buffer) < 4:
            buffer += self._take_more(until, _FIRST_BYTES)
        end = 4 + _checked_length(buffer)
        chunks, missing = [buffer], end - len(buffer)
        while missing > 0:
            chunk = self._take_more(until, min(missing, _REST_BYTES))
            chunks.append(chunk)
            missing -= len(chunk)
        whole = b"".join(chunks)
        self._buffer = whole[end:]
        return whole[:end]

    def _take_more(self, until: float | None, most: int) -> bytes:
        if until is not None:
            self._wait(select.POLLIN, until)
        chunk = self._take(most)
        if not chunk:
            raise WireClosed("the other side has closed the connection in the middle of a frame")
        return chunk

    def _wait(self, event: int, until: float) -> None:
        """Wait for room or for bytes; raise `WireTimeout` when neither came in time."""
        poll = select.poll()
        poll.register(self.socket, event)
        left = until - time.monotonic()
        if left <= 0 or not poll.poll(left * 1000):
            raise WireTimeout("no complete frame before the deadline")


def _framed(body: bytes) -> bytes:
    length = len(body)
    if length > MAX_FRAME_BYTES:
        raise WireViolation(f"a frame of {length} bytes; at most {MAX_FRAME_BYTES} are allowed")
    return _pack_length(length) + body


def _checked_length(buffer: bytes) -> int:
    length: int = _unpack_length(buffer)[0]
    if length > MAX_FRAME_BYTES:
        raise WireViolation(f"a frame of {length} bytes; at most {MAX_FRAME_BYTES} are allowed")
    return length
