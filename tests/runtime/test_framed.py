"""Frames on the supervisor's loop: whoever does not read, or sends too much, holds nobody up."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable

import pytest

from plexichat_plugin_sdk._wire import control
from plexichat_plugin_sdk._wire.framing import WireClosed, WireViolation
from plugin_runtime.framed import MOST_BYTES, AsyncFramed

Framed = AsyncFramed[control.ToSupervisor]


def play(scene: Callable[[Framed, socket.socket], Awaitable[None]]) -> None:
    async def with_pair() -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            await scene(AsyncFramed(ours, control.ToSupervisor), theirs)

    asyncio.run(with_pair())


def descriptor() -> socket.socket:
    kept, other = socket.socketpair()
    other.close()
    return kept


def test_a_line_is_handed_over_with_its_frame() -> None:
    async def scene(framed: Framed, other_side: socket.socket) -> None:
        await framed.hand_over(control.Line("gateway", 1), descriptor())

        data, descriptors, _, _ = socket.recv_fds(other_side, 1000, 1)
        assert b"gateway" in data
        socket.close(descriptors[0])

    play(scene)


def test_nobody_waits_behind_a_frame_that_is_not_read() -> None:
    async def scene(framed: Framed, other_side: socket.socket) -> None:
        large = control.ConfigChanged({"text": "x" * 4_000_000}, {})
        stuck = asyncio.create_task(framed.send(large))
        await asyncio.sleep(0)  # lets it begin, and fill the buffer

        async with asyncio.timeout(5):
            with pytest.raises(WireClosed, match="does not read"):
                await framed.hand_over(control.Line("conversation", 1), descriptor())

        stuck.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await stuck

    play(scene)


@pytest.mark.parametrize("length", [MOST_BYTES + 1, 2**32 - 1])
def test_a_frame_that_is_too_large_is_refused_before_it_is_read(length: int) -> None:
    async def scene(framed: Framed, other_side: socket.socket) -> None:
        other_side.sendall(length.to_bytes(4, "big"))

        with pytest.raises(WireViolation, match="bytes"):
            await framed.receive()

    play(scene)
