"""WebSockets: what a WebSocket endpoint's handler is called with.

`WebSocket` blocks and suits an ordinary method; `AsyncWebSocket` is its twin for `async def`
methods. Neither knows how bytes travel: a `Connection` does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from ._plain import as_plain
from .requests import Headers, query_lists


class Connection(Protocol):
    """What carries a blocking WebSocket."""

    def send(self, payload: Any) -> None:
        """Send one message, from any thread; raise `WebSocketClosed`."""

    def receive(self, timeout: float | None) -> Any:
        """Return the next message; raise `WebSocketClosed` or `TimeoutError`."""

    def close(self, code: int, reason: str) -> None:
        """End the connection; does nothing when it has ended."""


class AsyncConnection(Protocol):
    """What carries an awaited WebSocket."""

    async def send(self, payload: Any) -> None:
        """Send one message; raise `WebSocketClosed`."""

    async def receive(self) -> Any:
        """Return the next message; raise `WebSocketClosed`."""

    async def close(self, code: int, reason: str) -> None:
        """End the connection; does nothing when it has ended."""


@dataclass(frozen=True, kw_only=True)
class Handshake:
    """How a WebSocket was opened."""

    user_id: str = ""
    path: str = "/"
    path_params: dict[str, str] = field(default_factory=dict)
    params: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


class _Opened:
    """What both kinds of WebSocket say about their opening."""

    def __init__(self, handshake: Handshake | None = None) -> None:
        opening = handshake or Handshake()
        #: Who is connected; every endpoint needs a login, so there always is somebody.
        self.user_id = opening.user_id
        self.path = opening.path
        #: Values of the `{names}` in the path.
        self.path_params: dict[str, str] = dict(opening.path_params)
        #: The last value of each query parameter.
        lists: Mapping[str, list[str]] = query_lists(opening.params)
        self.params: dict[str, str] = {name: values[-1] for name, values in lists.items() if values}
        self.headers = Headers(opening.headers)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.path} of user {self.user_id}>"


class WebSocket(_Opened):
    """One client's connection, for an ordinary method. Usable from any thread."""

    def __init__(self, connection: Connection, handshake: Handshake | None = None) -> None:
        super().__init__(handshake)
        self._connection = connection

    def send_json(self, data: Any) -> None:
        """Send a JSON value to the client.

        Raises `WebSocketClosed` when the connection has ended, and `ValidationError` when the
        data holds what is no JSON value; the connection stays usable then.
        """
        self._connection.send(as_plain(data, "the message"))

    def receive_json(self, timeout: float | None = None) -> Any:
        """Wait for the client's next message and return it decoded.

        Raises `WebSocketClosed` when the client has gone, now and at every later call, and
        `TimeoutError` when nothing came within `timeout` seconds (`None` waits for ever).
        """
        return self._connection.receive(timeout)

    def close(self, code: int = 1000, reason: str = "") -> None:
        """End the connection with a WebSocket close code; a second call does nothing."""
        self._connection.close(code, reason)


class AsyncWebSocket(_Opened):
    """One client's connection, for an `async def` method. Belongs to the plugin's event loop."""

    def __init__(self, connection: AsyncConnection, handshake: Handshake | None = None) -> None:
        super().__init__(handshake)
        self._connection = connection

    async def send_json(self, data: Any) -> None:
        """Send a JSON value to the client; raises as `WebSocket.send_json`."""
        await self._connection.send(as_plain(data, "the message"))

    async def receive_json(self) -> Any:
        """Wait for the client's next message; raises `WebSocketClosed` when the client has gone.

        To wait a limited time, use `asyncio.wait_for`.
        """
        return await self._connection.receive()

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """End the connection with a WebSocket close code; a second call does nothing."""
        await self._connection.close(code, reason)
