"""Both ends of a plugin's WebSocket without a supervisor: a client, and a thread as the plugin."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator

from plexichat_plugin_sdk._wire.conversation import Answer, Call, Close, ToPlugin
from plexichat_plugin_sdk._wire.framing import Framed, WireClosed
from plugin_runtime.conversations import AsyncConversation
from plugin_runtime.exceptions import PluginUnavailable
from plugin_runtime.mounts.routing import websocket_urlpatterns

PATH = "/ws/polls/7"
#: Long enough for a busy machine; nothing here waits that long when all is well.
PATIENCE_SECONDS = 10.0

Handler = Callable[[Framed[ToPlugin], Call], None]


class RemotePlugin:
    """Plays the plugin of every conversation that is opened; `handler` is one call's life."""

    def __init__(self) -> None:
        self.handler: Handler = serve_until_closed
        self.calls: list[Call] = []
        self.is_running = True
        self.ended = threading.Semaphore(0)
        self.opened: list[AsyncConversation] = []

    async def open_socket(self, plugin: str, *, target: str = "") -> AsyncConversation:
        if not self.is_running:
            raise PluginUnavailable(plugin, "inside story")
        here, there = socket.socketpair()
        threading.Thread(target=self._play, args=(there,), daemon=True).start()
        reader, writer = await asyncio.open_unix_connection(sock=here)
        self.opened.append(AsyncConversation(plugin, reader, writer))
        return self.opened[-1]

    def has_ended(self) -> bool:
        """Whether a handler has come to its end, waited for with patience."""
        return self.ended.acquire(timeout=PATIENCE_SECONDS)

    def _play(self, connection: socket.socket) -> None:
        framed: Framed[ToPlugin] = Framed(connection, ToPlugin)
        try:
            call = framed.receive()
            assert isinstance(call, Call)
            self.calls.append(call)
            self.handler(framed, call)
        except WireClosed:
            pass
        finally:
            framed.close()
            self.ended.release()


def serve_until_closed(framed: Framed[ToPlugin], call: Call) -> None:
    """Echo what the client sends; return when it leaves."""
    while not isinstance(record := framed.receive(), Close):
        framed.send(record)
    framed.send(Answer(call.number, None))


def person(**changes: Any) -> Any:
    facts: dict[str, Any] = {"pk": 1, "public_id": "ada-public", "has_perm": lambda name: True}
    return SimpleNamespace(user=SimpleNamespace(**{**facts, **changes}), token_digest="d")


def client(path: str = PATH, headers: Any = ()) -> WebsocketCommunicator:
    return WebsocketCommunicator(URLRouter(websocket_urlpatterns), path, headers=list(headers))


async def connected(path: str = PATH, headers: Any = ()) -> WebsocketCommunicator:
    """Return a client whose handshake was accepted; every one is, also to be refused."""
    communicator = client(path, headers)
    is_accepted, _ = await communicator.connect(timeout=PATIENCE_SECONDS)
    assert is_accepted
    return communicator


async def end_of(communicator: WebsocketCommunicator) -> tuple[int, str]:
    """Return code and reason of the close frame that must come next; then leave."""
    frame = await communicator.receive_output(PATIENCE_SECONDS)
    assert frame["type"] == "websocket.close", frame
    await communicator.disconnect(timeout=PATIENCE_SECONDS)
    return frame["code"], frame.get("reason", "")


def play(scene: Callable[[], Awaitable[None]]) -> None:
    """Run a scene on an event loop of its own; nothing may be left running in it."""

    async def checked() -> None:
        await scene()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, f"left behind: {left}"

    asyncio.run(checked())
