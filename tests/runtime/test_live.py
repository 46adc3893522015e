"""A conversation on an event loop: its end is an end, whatever the plugin does or leaves."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

import pytest

from plexichat_plugin_sdk._wire.conversation import Data
from plexichat_plugin_sdk._wire.framing import LARGE_BYTES, WireViolation
from plugin_runtime.conversations import AsyncConversation

Scene = Callable[[AsyncConversation, socket.socket], Awaitable[None]]


def play(scene: Scene) -> None:
    async def with_pair() -> None:
        ours, theirs = socket.socketpair()
        reader, writer = await asyncio.open_unix_connection(sock=ours)
        with theirs:
            await scene(AsyncConversation("hostile", reader, writer), theirs)

    asyncio.run(with_pair())


def test_a_plugin_that_never_reads_keeps_nothing_open() -> None:
    async def scene(conversation: AsyncConversation, plugin: socket.socket) -> None:
        stuck = asyncio.create_task(conversation.send(Data("x" * 2_000_000)))
        await asyncio.sleep(0)  # lets it fill the kernel's buffer and wait for room

        conversation.close()

        await asyncio.wait({stuck}, timeout=5)
        assert stuck.done()
        stuck.exception()
        plugin.settimeout(5)
        while plugin.recv(1_000_000):
            pass  # what was in the kernel's buffer, then the end

    play(scene)


def test_a_large_message_of_a_plugin_is_refused_before_it_is_read() -> None:
    async def scene(conversation: AsyncConversation, plugin: socket.socket) -> None:
        plugin.sendall((LARGE_BYTES + 1).to_bytes(4, "big"))

        with pytest.raises(WireViolation, match="bytes"):
            await conversation.receive()

        conversation.close()

    play(scene)
