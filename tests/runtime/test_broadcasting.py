"""Broadcasts: to all sockets of a plugin's own path, and to nobody else's."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from plexichat.chat.live import auth, publisher
from plugin_runtime import board, conversations
from plugin_runtime.gateway import broadcasting
from plugin_runtime.gateway.asking import Asker
from plugin_runtime.gateway.refusal import Refusal
from plugin_runtime.mounts import groups
from tests.mounts import boards
from tests.mounts.sockets import connected, person
from tests.platform import Platform

CODE = """
    from plexichat_plugin_sdk import Plugin, broadcast, endpoint, websocket_endpoint

    class Tells(Plugin):
        opened = 0

        @websocket_endpoint("/ws/NAME/{room}")
        def listen(self, websocket):
            self.opened += 1
            websocket.send_json("welcome")
            while True:
                websocket.receive_json()

        @endpoint("/api/v1/NAME/tell", methods=["POST"])
        def tell(self, request):
            broadcast("/ws/NAME/{room}", request.body["data"], user_ids=request.body.get("to"))
            return self.opened
"""


def tell(plugin: str, data: Any, **more: Any) -> Any:
    path = f"/api/v1/{plugin}/tell"
    request = {"user_id": "u", "method": "POST", "path": path, "body": {"data": data, **more}}
    target = f"POST {path}"
    return conversations.call(plugin, "endpoint", target, request, deadline_ms=20_000)


def install(platform: Platform, *names: str) -> None:
    for name in names:
        platform.install(platform.write(name, CODE.replace("NAME", name)))


def play(scene: Callable[[], Awaitable[None]]) -> None:
    async def on_this_loop() -> None:
        publisher.use_loop(asyncio.get_running_loop())
        await scene()

    asyncio.run(on_this_loop())


async def listener(path: str) -> Any:
    socket = await connected(path)
    assert json.loads(await socket.receive_from(10)) == "welcome"
    return socket


@pytest.fixture(autouse=True)
def _new_budgets() -> None:
    """What one test has used up is no business of the next."""
    broadcasting.budgets.forget()
    broadcasting.weights.forget()


@pytest.fixture(autouse=True)
def become(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return a function that decides who opens the next sockets."""

    def log_in(user_id: str) -> None:
        async def identify(scope: Any) -> Any:
            return person(public_id=user_id)

        monkeypatch.setattr(auth, "identify", identify)

    log_in("ada")
    return log_in


@pytest.mark.backends
def test_all_sockets_of_the_path_hear_it_and_nobody_else(
    platform: Platform, become: Callable[[str], None]
) -> None:
    install(platform, "tells", "other")

    async def scene() -> None:
        adas = await listener("/ws/tells/1")
        become("ben")
        bens = await listener("/ws/tells/2")
        others = await listener("/ws/other/1")

        await asyncio.to_thread(tell, "tells", {"n": 1})
        await asyncio.to_thread(tell, "tells", "for ben", to=["ben", "nobody"])
        await asyncio.to_thread(tell, "other", "other's")

        assert json.loads(await adas.receive_from(10)) == {"n": 1}
        assert json.loads(await bens.receive_from(10)) == {"n": 1}
        assert json.loads(await bens.receive_from(10)) == "for ben"
        assert json.loads(await others.receive_from(10)) == "other's"
        assert await adas.receive_nothing(0.05)
        for socket in (adas, bens, others):
            await socket.disconnect(timeout=10)
        # Nobody hears this any more, which is no error.
        await asyncio.to_thread(tell, "tells", "to nobody")

    play(scene)


Ask = Callable[..., None]
Sent = list[tuple[str, dict[str, Any]]]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    """What would have gone to the channel layer; two plugins have a socket each."""
    there = boards.board(
        boards.plugin("polls", sockets=(boards.socket("/ws/polls/{poll}"),)),
        boards.plugin("other", sockets=(boards.socket("/ws/other"),)),
    )
    gone: Sent = []
    monkeypatch.setattr(board, "current", lambda: there)
    monkeypatch.setattr(publisher, "publish", lambda group, message: gone.append((group, message)))
    return gone


def ask(**changes: Any) -> None:
    sound = {"path": "/ws/polls/{poll}", "data": 1, "user_ids": None}
    broadcasting.broadcast(Asker("polls", "1.0.0"), {**sound, **changes})


def test_it_goes_to_the_group_of_the_askers_path(sent: Sent) -> None:
    ask(data={"a": [1]})
    [(group, message)] = sent
    assert group == groups.group_of("polls", "/ws/polls/{poll}")
    assert message == {"type": "plugin.broadcast", "text": '{"a":[1]}', "user_ids": None}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param({"path": "/ws/other"}, "its paths are: '/ws/polls", id="another plugin's"),
        pytest.param({"path": "/ws/polls/7"}, "no WebSocket path", id="a filled-in template"),
        pytest.param({"path": 7}, "must be a string", id="a path that is no text"),
        pytest.param({"data": "x" * 70_000}, "bytes of JSON", id="too large"),
        pytest.param({"data": {1: "x", "y": object()}}, "not JSON", id="no JSON"),
        pytest.param({"user_ids": "ada"}, "list of user ids", id="one user id alone"),
        pytest.param({"user_ids": ["x"] * 1001}, "at most 1000", id="too many users"),
    ],
)
def test_what_is_out_of_bounds_is_refused(sent: Sent, arguments: Any, words: str) -> None:
    with pytest.raises(Refusal, match=words):
        ask(**arguments)
    assert sent == []


def test_too_many_are_refused(sent: Sent, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.PLEXICHAT_PLUGIN_BROADCASTS_PER_SECOND = 0.001
    monkeypatch.setattr(broadcasting.budgets, "at_once", 2)
    ask()
    ask()
    with pytest.raises(Refusal, match="broadcasts"):
        ask()
    assert len(sent) == 2


def test_too_much_at_once_is_refused(sent: Sent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broadcasting.weights, "at_once", 100_000)
    ask(data="x" * 60_000)
    with pytest.raises(Refusal, match="KiB"):
        ask(data="x" * 60_000)
    assert len(sent) == 1


def test_receivers_weigh_too(sent: Sent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broadcasting.weights, "at_once", 100_000)
    ask(user_ids=["u" * 60] * 1000)
    with pytest.raises(Refusal, match="KiB"):
        ask(user_ids=["u" * 60] * 1000)
    assert len(sent) == 1
