"""A frame and one file descriptor beside it: how a connected socket enters a sandbox."""

from __future__ import annotations

import contextlib
import os
import socket
from typing import Any

import msgspec

from .framing import Framed, WireClosed, WireTimeout, encode


def send_with(framed: Framed[Any], record: msgspec.Struct, descriptor: int) -> None:
    """Send one frame with a copy of a descriptor; raise `WireClosed` or `WireTimeout`."""
    frame = encode(record, msgspec.msgpack.Encoder())
    try:
        sent = socket.send_fds(framed.socket, [frame], [descriptor])
        framed.socket.sendall(frame[sent:])
    except BlockingIOError as error:
        raise WireTimeout("the other side does not read") from error
    except OSError as error:
        raise WireClosed(str(error)) from error


def receive_with(framed: Framed[Any]) -> tuple[Any, int | None]:
    """Return the next record and the descriptor that came with it; raises as `Framed.receive`.

    The caller owns the descriptor. Only for lines on which nothing is buffered: a descriptor
    arrives with the bytes it was sent with.
    """
    came: list[int] = []
    usual = framed._take

    def take(most: int) -> bytes:
        data, descriptors, _, _ = socket.recv_fds(framed.socket, most, 1)
        came.extend(descriptors)
        return data

    framed._take = take
    try:
        record = framed.receive()
    except BaseException:
        _close(came)
        raise
    finally:
        framed._take = usual
    _close(came[1:])
    return record, came[0] if came else None


def _close(descriptors: list[int]) -> None:
    for descriptor in descriptors:
        with contextlib.suppress(OSError):
            os.close(descriptor)
