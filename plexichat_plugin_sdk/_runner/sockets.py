"""Sockets: what carries a WebSocket inside a conversation, for threads and for the loop.

While a call of kind `socket` runs, its conversation carries `Data` and `Close` both ways. The
sending side may be used from any thread until the handler has returned; then it is shut, so that
a late broadcast cannot slip into the conversation's next call.
"""

from __future__ import annotations

import asyncio
import collections
import select
import threading
from typing import Any

from plexichat_plugin_sdk._handlers.async_handlers import AsyncHandlers, is_async
from plexichat_plugin_sdk._handlers.failures import Refused
from plexichat_plugin_sdk._marks import SocketHandler
from plexichat_plugin_sdk._wire import codes
from plexichat_plugin_sdk._wire.conversation import Call, Close, Data, ToPlugin
from plexichat_plugin_sdk._wire.framing import Framed, WireClosed, WireViolation
from plexichat_plugin_sdk.exceptions import ValidationError, WebSocketClosed
from plexichat_plugin_sdk.websockets import AsyncWebSocket, Handshake, WebSocket

from .failures import UNENCODABLE

_MOST_WAITING = 64  # messages taken in ahead of the handler; more stay with the sender
_REASON_BYTES = 123  # what a WebSocket close frame can carry
#: What a client is told when this process makes room for its successor (RFC 6455's registry).
_RESTARTS = (1012, "the plugin restarts; connect again")
_LEAVE_SECONDS = 0.2
_PARTS = ("user_id", "path", "path_params", "params", "headers")

Conversation = Framed[ToPlugin]


class Sockets:
    """The table of WebSocket endpoints."""

    def __init__(self, handlers: tuple[SocketHandler, ...], loop: AsyncHandlers) -> None:
        self._loop = loop
        self._table = {each.path: each.handler for each in handlers}
        self._open: set[Sending] = set()

    def leave(self) -> None:
        """Ask every client to come back later, since this process ends; waits for none of them."""
        for sending in list(self._open):
            sending.leave()

    def run(self, call: Call, conversation: Conversation) -> None:
        """Run a handler until it returns; that the client left is a normal end."""
        handler = self._table.get(call.target)
        if handler is None:
            raise Refused(codes.UNKNOWN_TARGET, f"no handler for the WebSocket {call.target!r}")
        given = {part: call.payload[part] for part in _PARTS if call.payload.get(part) is not None}
        sending = Sending(conversation)
        self._open.add(sending)
        try:
            if is_async(handler):
                served = _serve_async(handler, sending, Handshake(**given))
                self._loop.run(served, f"socket {call.target}")
            else:
                handler(WebSocket(Threaded(sending), Handshake(**given)))
        except WebSocketClosed:
            pass
        finally:
            self._open.discard(sending)
            sending.end(1000, "the plugin's handler has returned")


async def _serve_async(handler: Any, sending: Sending, handshake: Handshake) -> None:
    connection = Awaited(sending)
    try:
        await handler(AsyncWebSocket(connection, handshake))
    finally:
        connection.stop()


class Sending:
    """The sending side, and whether and how the WebSocket has ended."""

    def __init__(self, conversation: Conversation) -> None:
        self.conversation = conversation
        self._writing = threading.Lock()
        #: Close code and reason once it is over.
        self.ended: tuple[int, str] | None = None

    def send(self, payload: Any) -> None:
        """Send one message.

        Raises `WebSocketClosed`, or `ValidationError` for what cannot travel.
        """
        with self._writing:
            self.check()
            try:
                self.conversation.send(Data(payload))
            except WireClosed:
                self.ended = (1006, "")
                raise WebSocketClosed() from None
            except UNENCODABLE as error:
                raise ValidationError(f"the message cannot be sent: {error}") from error

    def close(self, code: int, reason: str) -> None:
        """Ask the host to close the client's connection; a second time does nothing."""
        if not isinstance(code, int) or not 1000 <= code <= 4999:
            raise ValidationError(f"a close code is a number from 1000 to 4999, not {code!r}")
        short = str(reason).encode("utf-8", "replace")[:_REASON_BYTES].decode("utf-8", "ignore")
        with self._writing:
            if self.ended is not None:
                return
            self.ended = (code, short)
            try:
                self.conversation.send(Close(code, short))
            except WireClosed:
                return  # gone already, which is what was wanted

    def leave(self) -> None:
        """Close because this process ends; the client may connect again at once.

        A client that does not read is not waited for: its connection is cut with the process.
        """
        if not self._writing.acquire(timeout=_LEAVE_SECONDS):
            return
        try:
            if self.ended is None and self._has_room(_LEAVE_SECONDS):
                self.conversation.send(Close(*_RESTARTS))
            self.ended = self.ended or _RESTARTS
        except WireClosed:
            pass  # gone already
        finally:
            self._writing.release()

    def _has_room(self, seconds: float) -> bool:
        poll = select.poll()
        poll.register(self.conversation.socket, select.POLLOUT)
        return bool(poll.poll(seconds * 1000))

    def end(self, code: int, reason: str) -> None:
        """Remember that it is over; waits for a message that is just being sent."""
        with self._writing:
            self.ended = self.ended or (code, reason)

    def check(self) -> None:
        """Raise `WebSocketClosed` when it is over."""
        if self.ended is not None:
            raise WebSocketClosed(*self.ended)

    def take(self, inbox: collections.deque[Any]) -> None:
        """Wait for one frame: put a message into the inbox, or note the end."""
        try:
            record = self.conversation.receive()
        except (WireClosed, WireViolation):
            self.ended = self.ended or (1006, "")
            return
        if isinstance(record, Data):
            inbox.append(record.payload)
        elif isinstance(record, Close):
            self.ended = self.ended or (record.code, record.reason)


class Threaded:
    """A WebSocket for blocking handlers: any thread sends, one at a time receives."""

    def __init__(self, sending: Sending) -> None:
        self._sending = sending
        self._reading = threading.Lock()
        self._inbox: collections.deque[Any] = collections.deque()
        self._poll = select.poll()
        self._poll.register(sending.conversation.socket, select.POLLIN)

    def send(self, payload: Any) -> None:
        """Send one message, after noting whether the client has left meanwhile."""
        self._look()
        self._sending.send(payload)

    def receive(self, timeout: float | None) -> Any:
        """Return the next message; messages sent before the client left still come."""
        if not self._reading.acquire(timeout=-1 if timeout is None else timeout):
            raise TimeoutError("another thread is receiving on this WebSocket")
        try:
            while not self._inbox:
                self._sending.check()
                if timeout is not None and not self._has_input(timeout):
                    raise TimeoutError(f"no message came within {timeout:g} s")
                self._sending.take(self._inbox)
            return self._inbox.popleft()
        finally:
            self._reading.release()

    def close(self, code: int, reason: str) -> None:
        """End the connection."""
        self._sending.close(code, reason)

    def _look(self) -> None:
        """Take in what waits, so that a handler that only sends learns of the client's end.

        When another thread is receiving, that one will notice.
        """
        if not self._reading.acquire(blocking=False):
            return
        try:
            while len(self._inbox) < _MOST_WAITING and self._sending.ended is None:
                if not self._has_input(0):
                    return
                self._sending.take(self._inbox)
        finally:
            self._reading.release()

    def _has_input(self, seconds: float) -> bool:
        return self._sending.conversation.has_buffered() or bool(self._poll.poll(seconds * 1000))


class Awaited:
    """A WebSocket for `async def` handlers, read by the plugin's event loop.

    Sending happens in a thread: a client that does not read must not stop the loop.
    """

    def __init__(self, sending: Sending) -> None:
        self._sending = sending
        self._loop = asyncio.get_running_loop()
        self._inbox: collections.deque[Any] = collections.deque()
        self._arrived = asyncio.Event()
        self._is_reading = False
        self._read()

    async def send(self, payload: Any) -> None:
        """Send one message."""
        await self._loop.run_in_executor(None, self._sending.send, payload)

    async def receive(self) -> Any:
        """Return the next message; messages sent before the client left still come."""
        while not self._inbox:
            self._sending.check()
            self._arrived.clear()
            self._read()
            await self._arrived.wait()
        return self._inbox.popleft()

    async def close(self, code: int, reason: str) -> None:
        """End the connection, and wake whoever waits for a message."""
        await self._loop.run_in_executor(None, self._sending.close, code, reason)
        self._arrived.set()

    def stop(self) -> None:
        """Leave the socket to the conversation's thread again."""
        if self._is_reading:
            self._loop.remove_reader(self._sending.conversation.socket)
            self._is_reading = False

    def _read(self) -> None:
        if not self._is_reading and self._sending.ended is None:
            self._loop.add_reader(self._sending.conversation.socket, self._on_input)
            self._is_reading = True
            if self._sending.conversation.has_buffered():
                # It came in one piece with the call, or was left when too much was waiting; the
                # socket itself has nothing more to tell of it.
                self._on_input()

    def _on_input(self) -> None:
        conversation = self._sending.conversation
        self._sending.take(self._inbox)
        while self._sending.ended is None and conversation.has_buffered():
            self._sending.take(self._inbox)
        if self._sending.ended is not None or len(self._inbox) >= _MOST_WAITING:
            self.stop()
        self._arrived.set()
