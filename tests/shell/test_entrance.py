"""What a client may not decide, and which pages may open sockets."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from plexichat.serving.asgi_types import Message, Receive, Scope, Send
from plexichat.serving.entrance import Entrance, clean
from plexichat.serving.origin import TrustedOrigins

HOSTS = ["chat.example.com", "127.0.0.1", "[::1]"]


def test_a_client_cannot_move_the_server_to_another_path() -> None:
    given = {"root_path": "/evil", "headers": [(b"daphne-root-path", b"/evil"), (b"host", b"x")]}
    assert clean(given) == {"root_path": "", "headers": [(b"host", b"x")]}


def test_underscores_do_not_imitate_dashes() -> None:
    given = {"headers": [(b"x_forwarded_for", b"1.2.3.4"), (b"x-forwarded-for", b"5.6.7.8")]}
    assert clean(given)["headers"] == [(b"x-forwarded-for", b"5.6.7.8")]


def test_a_scope_without_headers_passes_unchanged() -> None:
    assert clean({"type": "lifespan"}) == {"type": "lifespan"}


def test_the_loop_is_announced_once() -> None:
    loops: list[asyncio.AbstractEventLoop] = []

    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        return None

    async def connect_twice() -> None:
        entrance = Entrance(inner, on_loop=loops.append)
        for _ in range(2):
            await entrance({"type": "http", "headers": []}, _nothing, _drop)

    asyncio.run(connect_twice())
    assert len(loops) == 1


@pytest.mark.parametrize(
    ("origin", "trusted"),
    [
        pytest.param("https://chat.example.com", True, id="our host"),
        pytest.param("http://127.0.0.1:8000", True, id="our address"),
        pytest.param("http://[::1]:8000", True, id="our IPv6 address"),
        pytest.param("https://app.example.org", True, id="named in full"),
        pytest.param("http://app.example.org", False, id="named with another scheme"),
        pytest.param("https://evil.example", False, id="foreign"),
        pytest.param("https://chat.example.com.evil.example", False, id="foreign with our name"),
        pytest.param("https://evil.example/chat.example.com", False, id="our name as a path"),
        pytest.param("https://chat.example.com@evil.example", False, id="our name as a user"),
        pytest.param("null", False, id="null"),
        pytest.param("", False, id="empty"),
        pytest.param("file://chat.example.com", False, id="not a page of the web"),
        pytest.param("http://[::1", False, id="unreadable"),
    ],
)
def test_pages_of_foreign_origins_open_no_sockets(origin: str, trusted: bool) -> None:
    gate = TrustedOrigins(_reached([]), hosts=HOSTS, origins=["https://app.example.org"])
    assert gate.trusts(origin) is trusted


@pytest.mark.parametrize(
    ("headers", "passes"),
    [
        pytest.param([], True, id="no browser"),
        pytest.param([(b"origin", b"https://chat.example.com")], True, id="ours"),
        pytest.param([(b"origin", b"https://evil.example")], False, id="foreign"),
        pytest.param(
            [(b"origin", b"https://chat.example.com"), (b"origin", b"https://evil.example")],
            False,
            id="both",
        ),
    ],
)
def test_a_handshake_passes_only_from_trusted_pages(
    headers: list[tuple[bytes, bytes]], passes: bool
) -> None:
    reached: list[str] = []
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def connect() -> None:
        gate = TrustedOrigins(_reached(reached), hosts=HOSTS, origins=[])
        await gate({"type": "websocket", "headers": headers, "path": "/"}, _connect_only(), send)

    asyncio.run(asyncio.wait_for(connect(), 10))
    assert bool(reached) is passes
    assert [message["type"] for message in sent] == ([] if passes else ["websocket.close"])


def _reached(reached: list[str]) -> Any:
    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        reached.append(scope["type"])

    return inner


def _connect_only() -> Receive:
    waiting: list[Message] = [
        {"type": "websocket.connect"},
        {"type": "websocket.disconnect", "code": 1006},
    ]

    async def receive() -> Message:
        return waiting.pop(0)

    return receive


async def _nothing() -> Message:
    return {}


async def _drop(message: Message) -> None:
    return None
