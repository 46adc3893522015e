"""Live sockets to test with: real consumers, over Channels' communicator."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import wraps
from typing import Any

from asgiref.sync import async_to_sync
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator

from plexichat.chat.live.crossing import in_thread
from plexichat.chat.live.routing import websocket_urlpatterns
from plexichat.chat.models import User
from plexichat.chat.services.logins import new_token

Headers = list[tuple[bytes, bytes]]
APPLICATION = URLRouter(websocket_urlpatterns)
#: Until something that should come has come.
DEADLINE_SECONDS = 5.0
#: How long something that should not come is given to come all the same.
SILENCE_SECONDS = 0.1


def on_a_loop(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Run an async test on an event loop of its own; fixtures stay plain."""

    @wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        async_to_sync(test)(*args, **kwargs)

    return run


def bearer(token: str) -> Headers:
    return [(b"authorization", f"Bearer {token}".encode())]


@asynccontextmanager
async def socket(path: str = "/ws/chat", headers: Headers | None = None) -> AsyncIterator[Any]:
    """Open a socket that is let in or not; leaving closes it."""
    communicator = WebsocketCommunicator(APPLICATION, path, headers)
    connected, _ = await communicator.connect(DEADLINE_SECONDS)
    assert connected
    try:
        yield communicator
    finally:
        await communicator.disconnect()


@asynccontextmanager
async def socket_of(user: User) -> AsyncIterator[Any]:
    """Open a socket for a user with a new token."""
    token = await in_thread(new_token)(user)
    async with socket(headers=bearer(token)) as communicator:
        yield communicator


async def heard(communicator: Any) -> Any:
    """Return the next frame the client gets."""
    return await communicator.receive_json_from(DEADLINE_SECONDS)


async def is_silent(communicator: Any) -> bool:
    """Say whether the client gets nothing for a little while."""
    return bool(await communicator.receive_nothing(SILENCE_SECONDS, 0.01))


async def closed_with(communicator: Any) -> int:
    """Return the code with which the server closes the socket."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        frame = await communicator.receive_output(DEADLINE_SECONDS)
    assert frame["type"] == "websocket.close", frame
    return int(frame["code"])
