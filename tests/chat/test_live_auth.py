"""Who is let in by the live socket."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from knox.models import AuthToken

from plexichat.chat import services
from plexichat.chat.live.auth import authenticate
from plexichat.chat.live.crossing import in_thread
from plexichat.chat.models import User
from plexichat.chat.services.logins import new_token
from tests.chat.conftest import PASSWORD
from tests.chat.sockets import (
    Headers,
    bearer,
    closed_with,
    heard,
    is_silent,
    on_a_loop,
    socket,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.backends]
HOST = (b"host", b"chat.example.com")


@pytest.fixture
def token(ann: User) -> str:
    return new_token(ann)


@pytest.fixture
def cookie(ann: User) -> tuple[bytes, bytes]:
    client = Client()
    client.force_login(ann)
    return (b"cookie", f"sessionid={client.cookies['sessionid'].value}".encode())


def _scope(headers: Headers, query: str = "") -> dict[str, Any]:
    return {"type": "websocket", "headers": headers, "query_string": query.encode()}


@on_a_loop
async def test_a_token_in_the_header_opens_a_socket(ann: User, token: str) -> None:
    async with socket(headers=bearer(token)) as client:
        assert await is_silent(client)
        await client.send_json_to({"type": "ping"})
        assert (await heard(client))["code"] == "invalid"


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        pytest.param("/ws/chat", [], id="nothing"),
        pytest.param("/ws/chat", bearer("plx_unknown"), id="unknown token"),
        pytest.param("/ws/chat", [(b"authorization", b"Bearer \xff")], id="no UTF-8"),
        pytest.param("/ws/chat", [(b"authorization", b"Basic YTpi")], id="another scheme"),
        pytest.param("/ws/chat?ticket=unknown", [], id="unknown ticket"),
        pytest.param("/ws/chat?ticket=%ff%00", [], id="garbled ticket"),
        pytest.param("/ws/chat", [(b"cookie", b"sessionid=x")], id="unknown session"),
    ],
)
@on_a_loop
async def test_strangers_are_closed_with_4401(path: str, headers: Headers) -> None:
    async with socket(path, headers) as client:
        assert await closed_with(client) == 4401


@on_a_loop
async def test_a_ticket_opens_one_socket(ann: User) -> None:
    path = f"/ws/chat?ticket={await in_thread(services.issue_ticket)(ann)}"
    async with socket(path) as first, socket(path) as second:
        assert await closed_with(second) == 4401
        await first.send_json_to({})
        assert (await heard(first))["type"] == "error"


@on_a_loop
async def test_an_expired_token_opens_nothing(ann: User, token: str) -> None:
    past = timezone.now() - timedelta(seconds=1)
    await in_thread(AuthToken.objects.update)(expiry=past)
    assert await authenticate(_scope(bearer(token))) is None


@on_a_loop
async def test_a_bad_header_is_not_made_good_by_a_ticket(ann: User) -> None:
    ticket = await in_thread(services.issue_ticket)(ann)
    assert await authenticate(_scope(bearer("plx_unknown"), f"ticket={ticket}")) is None
    assert await authenticate(_scope([], f"ticket={ticket}")) == ann


@pytest.mark.parametrize("origin", [b"https://chat.example.com", b"https://app.example.org"])
@on_a_loop
async def test_a_session_opens_a_socket_for_its_own_pages(
    ann: User, cookie: tuple[bytes, bytes], settings: Any, origin: bytes
) -> None:
    settings.CSRF_TRUSTED_ORIGINS = ["https://app.example.org"]
    assert await authenticate(_scope([HOST, cookie, (b"origin", origin)])) == ann


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param([], id="no origin"),
        pytest.param([(b"origin", b"https://evil.example.net")], id="foreign"),
        pytest.param([(b"origin", b"https://chat.example.com.evil.net")], id="lookalike"),
        pytest.param([(b"origin", b"null")], id="sandboxed page"),
        pytest.param([(b"origin", b"file://chat.example.com")], id="file"),
        pytest.param([(b"origin", b"http://[")], id="unreadable"),
    ],
)
@on_a_loop
async def test_a_session_opens_nothing_for_other_pages(
    cookie: tuple[bytes, bytes], headers: Headers
) -> None:
    assert await authenticate(_scope([HOST, cookie, *headers])) is None


@on_a_loop
async def test_a_session_ends_with_its_password(ann: User, cookie: tuple[bytes, bytes]) -> None:
    def change_password() -> None:
        ann.set_password(PASSWORD + "!")
        ann.save()

    own_page = [HOST, cookie, (b"origin", b"https://chat.example.com")]
    assert await authenticate(_scope(own_page)) == ann
    await in_thread(change_password)()
    assert await authenticate(_scope(own_page)) is None
