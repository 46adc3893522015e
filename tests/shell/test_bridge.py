"""The HTTP bridge: bounded, and indifferent to clients who leave."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from plexichat.serving import bridge
from plexichat.serving.asgi_types import Message
from plexichat.serving.bridge import HttpBridge

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]
#: No test waits longer for anything.
PATIENCE_SECONDS = 10


def hello(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello ", environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))]


def long_answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [])
    return (b"x" for _ in range(1000))


def scope(method: str = "GET", **headers: str) -> dict[str, Any]:
    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": "/",
        "query_string": b"",
        "headers": named,
    }


class Client:
    """A client that sends what it was given and keeps what it gets."""

    def __init__(self, *sent: Message) -> None:
        self._sent = list(sent) or [{"type": "http.request", "body": b""}]
        self.got: list[Message] = []

    async def receive(self) -> Message:
        return self._sent.pop(0)

    async def send(self, message: Message) -> None:
        self.got.append(message)

    @property
    def status(self) -> int:
        return int(self.got[0]["status"])

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.got)


def make(application: Wsgi, threads: int = 1, body_bytes: int = 100) -> HttpBridge:
    return HttpBridge(application, threads=threads, body_bytes=body_bytes)


async def ask(http: HttpBridge, client: Client, **headers: str) -> Client:
    call = http(scope("POST", **headers), client.receive, client.send)
    await asyncio.wait_for(call, PATIENCE_SECONDS)
    return client


def test_a_request_and_its_body_reach_the_application() -> None:
    client = Client({"type": "http.request", "body": b"world"})
    asyncio.run(ask(make(hello), client, content_length="5"))
    assert (client.status, client.body) == (200, b"hello world")


def test_requests_stay_on_the_same_threads() -> None:
    seen: set[str] = set()

    def note(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        seen.add(threading.current_thread().name)
        return hello(environ, start_response)

    async def ask_often() -> None:
        http = make(note, threads=2)
        await asyncio.gather(*(ask(http, Client()) for _ in range(20)))

    asyncio.run(ask_often())
    assert len(seen) <= 2


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        pytest.param({"content_length": "101"}, 413, b"body_too_large", id="too large"),
        pytest.param({"content_length": "9" * 5000}, 413, b"body_too_large", id="absurd length"),
        pytest.param({"content_length": "ten"}, 411, b"length_required", id="no number"),
        pytest.param({"content_length": "-1"}, 411, b"length_required", id="negative"),
        pytest.param({"transfer_encoding": "chunked"}, 411, b"length_required", id="chunked"),
    ],
)
def test_a_body_without_bounds_is_refused_before_it_is_read(
    headers: dict[str, str], status: int, code: bytes
) -> None:
    client = asyncio.run(ask(make(hello), Client(), **headers))
    assert client.status == status
    assert code in client.body


def test_a_body_of_the_largest_size_is_taken() -> None:
    client = Client({"type": "http.request", "body": b"x" * 100})
    assert asyncio.run(ask(make(hello), client, content_length="100")).status == 200


def test_a_closing_bridge_refuses_newcomers() -> None:
    http = make(hello)
    http.close()
    client = asyncio.run(ask(http, Client()))
    assert client.status == 503
    assert (b"retry-after", b"5") in client.got[0]["headers"]


def test_too_many_waiting_requests_are_told_to_come_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bridge, "WAITING_PER_THREAD", 1)
    release = threading.Event()

    def slow(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        release.wait(PATIENCE_SECONDS)
        return hello(environ, start_response)

    async def crowd() -> list[int]:
        http = make(slow)
        inside = [asyncio.ensure_future(ask(http, Client())) for _ in range(2)]
        await asyncio.sleep(0)  # lets both step in
        refused = await ask(http, Client())
        release.set()
        return [refused.status, *[(await one).status for one in inside]]

    assert asyncio.run(crowd()) == [503, 200, 200]


def test_a_client_that_fails_in_the_middle_takes_no_thread_along() -> None:
    class Leaving(Client):
        async def send(self, message: Message) -> None:
            raise ConnectionResetError

    async def leave_then_ask() -> Client:
        http = make(long_answer)
        await ask(http, Leaving())
        return await ask(http, Client())

    assert len(asyncio.run(leave_then_ask()).body) == 1000


def test_a_cancelled_connection_takes_no_thread_along() -> None:
    async def cancel_then_ask() -> Client:
        http = make(long_answer)
        gate = asyncio.Event()

        class Stuck(Client):
            async def send(self, message: Message) -> None:
                await gate.wait()

        stuck = Stuck()
        connection = asyncio.ensure_future(http(scope(), stuck.receive, stuck.send))
        await asyncio.sleep(0)
        connection.cancel()
        gate.set()
        return await ask(http, Client())

    assert len(asyncio.run(cancel_then_ask()).body) == 1000


def test_half_a_body_never_passes_for_a_whole_one() -> None:
    read: list[object] = []

    def careful(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        try:
            read.append(environ["wsgi.input"].read(10))
        except OSError as error:
            read.append(error)
        start_response("200 OK", [])
        return []

    client = Client(
        {"type": "http.request", "body": b"12345", "more_body": True},
        {"type": "http.disconnect"},
    )
    asyncio.run(ask(make(careful), client, content_length="10"))
    assert isinstance(read[0], ConnectionResetError)
