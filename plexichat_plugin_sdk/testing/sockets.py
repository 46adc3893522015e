"""The client's side of a WebSocket in a test, and what carries it to the handler."""

from __future__ import annotations

import asyncio
import json
import queue
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

from plexichat_plugin_sdk._handlers.async_handlers import AsyncHandlers, is_async
from plexichat_plugin_sdk._plain import as_plain
from plexichat_plugin_sdk.exceptions import ValidationError, WebSocketClosed
from plexichat_plugin_sdk.websockets import AsyncWebSocket, Handshake, WebSocket

PATIENCE_SECONDS = 5.0
_DONE = (1000, "")
_GONE = (1001, "")


class _Ended:
    """What wakes a receiver when the connection has ended."""


class _Pipe:
    """Both directions of one connection, for any thread."""

    def __init__(self) -> None:
        self.to_plugin: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.to_client: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._lock = threading.Lock()
        #: Close code and reason once it is over.
        self.ended: tuple[int, str] | None = None

    def end(self, code: int, reason: str) -> None:
        """End it; the first end counts."""
        with self._lock:
            if self.ended is not None:
                return
            self.ended = (code, reason)
        self.to_plugin.put(_Ended)
        self.to_client.put(_Ended)

    def send(self, payload: Any) -> None:
        """Send one message to the client; raise `WebSocketClosed`."""
        with self._lock:
            if self.ended is not None:
                raise WebSocketClosed(*self.ended)
            self.to_client.put(json.dumps(payload))

    def receive(self, timeout: float | None) -> Any:
        """Return the client's next message; raise `WebSocketClosed` or `TimeoutError`."""
        try:
            found = self.to_plugin.get(timeout=timeout)
        except queue.Empty:
            raise TimeoutError(f"no message came within {timeout:g} s") from None
        if found is _Ended:
            self.to_plugin.put(_Ended)
            raise WebSocketClosed(*(self.ended or _GONE))
        return json.loads(found)

    def close(self, code: int, reason: str) -> None:
        """End it from the plugin's side."""
        if not isinstance(code, int) or not 1000 <= code <= 4999:
            raise ValidationError(f"a close code is a number from 1000 to 4999, not {code!r}")
        is_theirs = 3000 <= code < 5000 or code == 1012
        self.end(code if is_theirs else 1000, str(reason))


class _AwaitedPipe:
    """The same for `async def` handlers; waiting happens in threads."""

    def __init__(self, pipe: _Pipe) -> None:
        self._pipe = pipe

    async def send(self, payload: Any) -> None:
        """Send one message to the client."""
        self._pipe.send(payload)

    async def receive(self) -> Any:
        """Return the client's next message."""
        while True:
            try:
                return await asyncio.to_thread(self._pipe.receive, 0.05)
            except TimeoutError:
                continue

    async def close(self, code: int, reason: str) -> None:
        """End it."""
        self._pipe.close(code, reason)


class SocketClient:
    """A user's end of one of the plugin's WebSockets.

    Leaving the `with` block closes it and waits for the handler to return. What the handler
    raised is in `error`.
    """

    def __init__(self, handshake: Handshake, template: str) -> None:
        #: Who is connected, and to which of the plugin's paths.
        self.user_id = handshake.user_id
        self.template = template
        #: What the handler raised, if it did.
        self.error: BaseException | None = None
        self._handshake = handshake
        self._pipe = _Pipe()
        self._thread: threading.Thread | None = None

    @property
    def closed(self) -> tuple[int, str] | None:
        """Close code and reason once the connection has ended, else `None`."""
        return self._pipe.ended

    def send_json(self, data: Any) -> None:
        """Send a JSON value to the plugin; raise `WebSocketClosed`."""
        if self.closed is not None:
            raise WebSocketClosed(*self.closed)
        self._pipe.to_plugin.put(json.dumps(as_plain(data, "the message")))

    def receive_json(self, timeout: float = PATIENCE_SECONDS) -> Any:
        """Return the plugin's next message.

        Raises `WebSocketClosed` with code and reason when the connection has ended and nothing is
        left, and `TimeoutError` when nothing came within `timeout` seconds.
        """
        try:
            found = self._pipe.to_client.get(timeout=timeout)
        except queue.Empty:
            raise TimeoutError(f"the plugin sent nothing within {timeout:g} s") from None
        if found is _Ended:
            self._pipe.to_client.put(_Ended)
            raise WebSocketClosed(*(self.closed or _DONE))
        return json.loads(found)

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Leave, and wait until the handler has returned."""
        self._pipe.end(code, reason)
        if self._thread is not None:
            self._thread.join(PATIENCE_SECONDS)

    def __enter__(self) -> SocketClient:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<SocketClient {self.template} of {self.user_id}: {self.closed or 'open'}>"

    # --- For the context ------------------------------------------------------------------

    def serve(self, handler: Callable[..., Any], loop: AsyncHandlers) -> None:
        """Run the handler in a thread of its own."""
        self._thread = threading.Thread(
            target=self._run, args=(handler, loop), name=f"socket {self.template}", daemon=True
        )
        self._thread.start()

    def refuse(self, code: int, reason: str) -> None:
        """End it before any handler hears of it."""
        self._pipe.end(code, reason)

    def deliver(self, data: Any) -> None:
        """Send the client a broadcast."""
        if self.closed is None:
            self._pipe.send(data)

    def _run(self, handler: Callable[..., Any], loop: AsyncHandlers) -> None:
        try:
            if is_async(handler):
                socket = AsyncWebSocket(_AwaitedPipe(self._pipe), self._handshake)
                loop.run(handler(socket), f"socket {self.template}")
            else:
                handler(WebSocket(self._pipe, self._handshake))
        except WebSocketClosed:
            pass
        except BaseException as error:  # a wall: what the author's handler raises is for the test
            self.error = error
            self._pipe.end(1011, "the plugin failed")
        self._pipe.end(1000, "")
