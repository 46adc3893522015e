"""One open WebSocket: a client on one side, a conversation with the plugin on the other.

Two pumps. What the client sends waits in a bounded inbox until the plugin reads it. What the
plugin sends is read from its socket only as fast as the client may be sent to: while nobody
reads here, the kernel's buffer fills up and the plugin's `send_json` waits, so a chatty plugin is
slowed at its source instead of filling the memory of the web process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from plexichat_plugin_sdk._wire.conversation import Answer, Call, Close, Data, Failure
from plexichat_plugin_sdk._wire.framing import WireClosed, WireViolation
from plugin_runtime.conversations import AsyncConversation
from plugin_runtime.exceptions import PluginFault

from . import json_values
from .bucket import Bucket
from .endings import CloseCode, Ended, wished

#: Messages and bytes of a client that may wait for the plugin to read.
INBOX_MESSAGES = 64
INBOX_BYTES = 1024 * 1024
#: To one client: this many messages a second in the long run, and at once. Each begun 8 KiB
#: counts as a message.
MESSAGES_PER_SECOND = 200
MESSAGES_BURST = 400
TOKEN_BYTES = 8 * 1024
#: The largest message to a client.
OUTGOING_BYTES = 256 * 1024

_NUMBER = 1

SendText = Callable[[str], Awaitable[None]]


class Session:
    """Carries messages both ways until one side ends it."""

    def __init__(self, conversation: AsyncConversation, send_text: SendText) -> None:
        self._conversation = conversation
        self._send_text = send_text
        self._inbox: asyncio.Queue[tuple[Data | Close, int]] = asyncio.Queue()
        self._waiting_bytes = 0
        self._client_has_left = False
        self._bucket = Bucket(MESSAGES_PER_SECOND, MESSAGES_BURST)

    async def run(self, target: str, payload: dict[str, Any]) -> Ended:
        """Call the handler and carry messages until it has ended; return how.

        Raises `PluginFault` or `WireViolation` for a plugin that failed. The conversation is of
        no use afterwards; whoever opened it closes it.
        """
        writer = asyncio.create_task(self._to_plugin(target, payload))
        try:
            return await self._to_client()
        except WireClosed:
            return Ended(CloseCode.RESTARTS, "the plugin went away; connect again")
        finally:
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)

    def take(self, payload: Any, size_bytes: int) -> None:
        """Accept a client's message; raise `Ended` when too many wait for the plugin."""
        too_many = self._inbox.qsize() >= INBOX_MESSAGES
        if too_many or self._waiting_bytes + size_bytes > INBOX_BYTES:
            raise Ended(CloseCode.TRY_LATER, "the plugin does not keep up with your messages")
        self._waiting_bytes += size_bytes
        # Waits in its encoded form: as Python objects a megabyte of `[[],[],…]` is twenty.
        encoded = msgspec.Raw(msgspec.msgpack.encode(payload))
        self._inbox.put_nowait((Data(encoded), size_bytes))

    def client_left(self, code: int) -> None:
        """Tell the handler, after what the client sent before, and stop sending to the client."""
        self._client_has_left = True
        self._inbox.put_nowait((Close(code, ""), 0))

    async def _to_plugin(self, target: str, payload: dict[str, Any]) -> None:
        """Send until cancelled. A plugin that is gone is noticed by the other pump."""
        await self._conversation.send(Call(_NUMBER, "socket", target, payload, 0))
        while True:
            record, size_bytes = await self._inbox.get()
            await self._conversation.send(record)
            self._waiting_bytes -= size_bytes

    async def _to_client(self) -> Ended:
        while True:
            match await self._conversation.receive():
                case Data(payload):
                    await self._pass_on(payload)
                case Close(code, reason):
                    return wished(code, reason)
                case Answer(number) if number == _NUMBER:
                    return Ended(CloseCode.DONE, "")
                case Failure() as failure if failure.number == _NUMBER:
                    raise self._fault(failure)
                case other:
                    raise WireViolation(f"{type(other).__name__} out of turn")

    async def _pass_on(self, payload: Any) -> None:
        if self._client_has_left:
            return
        try:
            message = json_values.encode(payload)
        except json_values.NotJson as error:
            raise WireViolation(str(error)) from error
        if len(message) > OUTGOING_BYTES:
            limit = f"at most {OUTGOING_BYTES} are allowed"
            raise WireViolation(f"sent a WebSocket message of {len(message)} bytes; {limit}")
        await self._bucket.take(1 + len(message) // TOKEN_BYTES)
        await self._send_text(message.decode())

    def _fault(self, failure: Failure) -> PluginFault:
        plugin = self._conversation.plugin
        return PluginFault(plugin, failure.code, failure.message, failure.details)
