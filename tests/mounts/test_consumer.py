from __future__ import annotations

import asyncio
import gc
import json
import os
import threading
from typing import Any

import pytest

from plexichat.chat.live import auth
from plexichat_plugin_sdk._wire import codes
from plexichat_plugin_sdk._wire.conversation import Answer, Call, Close, Data, Failure
from plexichat_plugin_sdk._wire.framing import WireClosed, WireTimeout, set_deadline
from plugin_runtime import conversations, permissions
from plugin_runtime.mounts import consumer, session
from plugin_runtime.mounts.census import census
from plugin_runtime.mounts.endings import Ended

from . import boards
from .conftest import Boards
from .sockets import PATH, RemotePlugin, connected, end_of, person, play, serve_until_closed

TEMPLATE = "/ws/polls/{poll}"


@pytest.fixture
def remote_plugin(monkeypatch: pytest.MonkeyPatch, shown: Boards) -> RemotePlugin:
    fake = RemotePlugin()
    monkeypatch.setattr(conversations, "open_socket", fake.open_socket)
    shown.show(boards.plugin(sockets=(boards.socket(TEMPLATE, ("polls.read",)),)))
    return fake


@pytest.fixture(autouse=True)
def log_in(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that decides who opens the next sockets; Ada does by default."""

    def become(identity: Any) -> None:
        async def identify(scope: Any) -> Any:
            return identity

        monkeypatch.setattr(auth, "identify", identify)
        holds: Any = identity and identity.user.has_perm
        monkeypatch.setattr(permissions, "check", lambda _, permission: holds(permission))

    become(person())
    return become


@pytest.fixture(autouse=True)
def _nobody_is_left() -> Any:
    yield
    assert census.total() == 0


def test_messages_travel_both_ways(remote_plugin: RemotePlugin) -> None:
    async def scene() -> None:
        socket = await connected()
        for message in ({"type": "hi", "n": [1, None]}, "text", 5):
            await socket.send_to(text_data=json.dumps(message))
            assert json.loads(await socket.receive_from(10)) == message
        await socket.disconnect(timeout=10)

    play(scene)


def test_the_plugin_learns_who_and_where_but_no_credentials(remote_plugin: RemotePlugin) -> None:
    async def scene() -> None:
        headers = [(b"authorization", b"Bearer secret"), (b"user-agent", b"tests")]
        socket = await connected(PATH + "?ticket=secret&a=1", headers)
        await socket.disconnect(timeout=10)

    play(scene)
    assert remote_plugin.has_ended()
    [call] = remote_plugin.calls
    assert (call.kind, call.target, call.deadline_ms) == ("socket", TEMPLATE, 0)
    assert call.payload == {
        "user_id": "ada-public",
        "path": PATH,
        "path_params": {"poll": "7"},
        "params": {"a": "1"},
        "headers": {"user-agent": "tests"},
    }


def refusal(path: str = PATH) -> tuple[int, str]:
    ends: list[tuple[int, str]] = []

    async def scene() -> None:
        ends.append(await end_of(await connected(path)))

    play(scene)
    return ends[0]


def test_nothing_mounted_closes_4404_before_a_ticket_is_spent(
    remote_plugin: RemotePlugin, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(scope: Any) -> Any:
        raise AssertionError("asked who it is")

    monkeypatch.setattr(auth, "identify", never)
    assert refusal("/ws/nowhere")[0] == 4404


def test_anonymous_closes_4401(remote_plugin: RemotePlugin, log_in: Any) -> None:
    log_in(None)
    assert refusal()[0] == 4401
    assert remote_plugin.calls == []


def test_lacking_a_permission_closes_4403(remote_plugin: RemotePlugin, log_in: Any) -> None:
    log_in(person(has_perm=lambda name: name != "polls.read"))
    code, reason = refusal()
    assert (code, "polls.read" in reason) == (4403, True)
    assert remote_plugin.calls == []


def test_a_plugin_that_does_not_run_closes_1013(remote_plugin: RemotePlugin, shown: Boards) -> None:
    shown.show(boards.plugin(state="backing_off", sockets=(boards.socket(TEMPLATE),)))
    assert refusal()[0] == 1013


def test_a_plugin_that_cannot_be_reached_closes_1013(remote_plugin: RemotePlugin) -> None:
    remote_plugin.is_running = False
    code, reason = refusal()
    assert (code, "inside" in reason) == (1013, False)


def test_too_many_connects_close_1013(remote_plugin: RemotePlugin, settings: Any) -> None:
    settings.PLEXICHAT_PLUGIN_RATE = "1/min"
    log = []

    async def scene() -> None:
        first = await connected()
        log.append(await end_of(await connected()))
        await first.disconnect(timeout=10)

    play(scene)
    assert log[0][0] == 1013


@pytest.mark.parametrize("limit", ["PLEXICHAT_PLUGIN_SOCKETS", "PLEXICHAT_PLUGIN_SOCKETS_PER_USER"])
def test_too_many_sockets_close_1013_until_one_leaves(
    remote_plugin: RemotePlugin, settings: Any, limit: str
) -> None:
    setattr(settings, limit, 1)

    async def scene() -> None:
        first = await connected()
        assert (await end_of(await connected()))[0] == 1013
        await first.disconnect(timeout=10)
        second = await connected()
        await second.send_to(text_data="1")
        assert await second.receive_from(10) == "1"
        await second.disconnect(timeout=10)

    play(scene)


@pytest.mark.parametrize(
    ("text", "bytes_"),
    [("{", None), ('"\\ud800"', None), ("", None), (None, b"{}")],
    ids=["cut", "half a character", "empty", "bytes"],
)
def test_what_is_no_json_is_answered_and_the_socket_stays(
    remote_plugin: RemotePlugin, text: str | None, bytes_: bytes | None
) -> None:
    async def scene() -> None:
        socket = await connected()
        await socket.send_input({"type": "websocket.receive", "text": text, "bytes": bytes_})
        answer = json.loads(await socket.receive_from(10))
        assert (answer["type"], answer["code"]) == ("error", "invalid")
        await socket.send_to(text_data="1")
        assert await socket.receive_from(10) == "1"
        await socket.disconnect(timeout=10)

    play(scene)


def test_a_message_too_big_closes_1009(remote_plugin: RemotePlugin, settings: Any) -> None:
    settings.PLEXICHAT_PLUGIN_SOCKET_MESSAGE_BYTES = 10

    async def scene() -> None:
        socket = await connected()
        await socket.send_to(text_data='"' + "x" * 8 + '"')
        assert len(await socket.receive_from(10)) == 10
        await socket.send_to(text_data='"' + "x" * 9 + '"')
        assert (await end_of(socket))[0] == 1009

    play(scene)
    assert remote_plugin.has_ended()


def test_a_client_that_floods_a_plugin_which_does_not_read_closes_1013(
    remote_plugin: RemotePlugin,
) -> None:
    may_end = threading.Event()
    remote_plugin.handler = lambda framed, call: assert_set(may_end)

    async def scene() -> None:
        socket = await connected()
        flood = json.dumps("x" * 200_000)
        for _ in range(20):
            await socket.send_to(text_data=flood)
        assert await socket.receive_output(10) == {
            "type": "websocket.close",
            "code": 1013,
            "reason": "the plugin does not keep up with your messages",
        }
        may_end.set()
        await socket.disconnect(timeout=10)

    play(scene)


def assert_set(event: threading.Event) -> None:
    assert event.wait(10)


def ending(remote_plugin: RemotePlugin, handler: Any) -> tuple[int, str]:
    """Let the handler play the plugin's part and return how the client sees the end."""
    remote_plugin.handler = handler
    return refusal()


def test_a_handler_that_returns_closes_1000(remote_plugin: RemotePlugin) -> None:
    assert ending(remote_plugin, lambda framed, call: framed.send(Answer(1, None))) == (1000, "")


@pytest.mark.parametrize(
    ("wished", "seen"),
    [
        (1000, 1000),
        (3000, 3000),
        (4999, 4999),
        (4403, 4403),
        (1006, 1000),
        (2999, 1000),
        (-1, 1000),
    ],
)
def test_a_plugin_closes_with_its_own_code(
    remote_plugin: RemotePlugin, wished: int, seen: int
) -> None:
    close = Close(wished, "bye" + "ü" * 100)
    code, reason = ending(remote_plugin, lambda framed, call: framed.send(close))
    assert code == seen
    assert reason == "bye" + "ü" * 60


def test_a_handler_that_raises_closes_1011_and_only_the_log_knows_why(
    remote_plugin: RemotePlugin, complaints: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    failure = Failure(1, codes.HANDLER_RAISED, "KeyError: inside", {"traceback": "line 3"})
    code, reason = ending(remote_plugin, lambda framed, call: framed.send(failure))
    assert code == 1011
    assert "inside" not in reason
    assert reason.rpartition(" ")[2] in caplog.text
    assert [one.key for one in complaints] == [f"mount:socket {TEMPLATE}"]


@pytest.mark.parametrize(
    "record",
    [
        pytest.param(Answer(2, None), id="foreign number"),
        pytest.param(Call(1, "socket", "/", None, 0), id="a call"),
        pytest.param(Data({(1, 2): 3}), id="no JSON"),
        pytest.param(Data("x" * (1024 * 1024 + 1)), id="too big"),
    ],
)
def test_a_plugin_that_breaks_the_rules_closes_1011(
    remote_plugin: RemotePlugin, complaints: list[Any], record: Any
) -> None:
    assert ending(remote_plugin, lambda framed, call: framed.send(record))[0] == 1011
    assert len(complaints) == 1


def test_a_plugin_that_dies_closes_1012(remote_plugin: RemotePlugin) -> None:
    assert ending(remote_plugin, lambda framed, call: None)[0] == 1012


def test_nan_becomes_null(remote_plugin: RemotePlugin) -> None:
    def handler(framed: Any, call: Call) -> None:
        framed.send(Data({"x": float("nan")}))
        serve_until_closed(framed, call)

    remote_plugin.handler = handler

    async def scene() -> None:
        socket = await connected()
        assert await socket.receive_from(10) == '{"x":null}'
        await socket.disconnect(timeout=10)

    play(scene)


def test_when_the_client_leaves_the_handler_is_told_and_may_clean_up(
    remote_plugin: RemotePlugin,
) -> None:
    seen = []

    def handler(framed: Any, call: Call) -> None:
        seen.append(framed.receive())
        framed.send(Data("nobody hears this"))
        framed.send(Answer(1, None))
        with pytest.raises(WireClosed):
            framed.receive()

    remote_plugin.handler = handler

    async def scene() -> None:
        socket = await connected()
        await socket.disconnect(code=1001, timeout=10)
        assert await asyncio.to_thread(remote_plugin.has_ended)

    play(scene)
    assert seen == [Close(1001, "")]


def test_a_handler_that_does_not_end_is_dropped_after_a_while(
    remote_plugin: RemotePlugin, settings: Any
) -> None:
    settings.PLEXICHAT_PLUGIN_SOCKET_LEAVE_SECONDS = 0.05

    def handler(framed: Any, call: Call) -> None:
        while True:  # only the end of the conversation ends it
            framed.receive()

    remote_plugin.handler = handler

    async def scene() -> None:
        socket = await connected()
        await socket.disconnect(timeout=10)
        assert await asyncio.to_thread(remote_plugin.has_ended)

    play(scene)


def test_a_server_that_stops_in_the_middle_leaves_nothing(remote_plugin: RemotePlugin) -> None:
    async def scene() -> None:
        socket = await connected()
        await socket.send_to(text_data="1")
        await socket.receive_from(10)
        socket.stop(exceptions=False)
        assert await asyncio.to_thread(remote_plugin.has_ended)
        await socket.wait()

    play(scene)


def test_who_may_not_stay_is_thrown_out(
    remote_plugin: RemotePlugin, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.PLEXICHAT_PLUGIN_SOCKET_RECHECK_SECONDS = 0.01

    async def check_again(route: Any, identity: Any) -> None:
        raise Ended(4401, "you have been logged out")

    monkeypatch.setattr(consumer, "check_again", check_again)
    assert refusal() == (4401, "you have been logged out")
    assert remote_plugin.has_ended()


def test_a_chatty_plugin_is_slowed_at_its_source(
    remote_plugin: RemotePlugin, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.PLEXICHAT_PLUGIN_SOCKET_LEAVE_SECONDS = 0.0
    monkeypatch.setattr(session, "MESSAGES_BURST", 10)
    monkeypatch.setattr(session, "MESSAGES_PER_SECOND", 0.001)
    sent: list[int] = []
    stuck = threading.Event()

    def chatter(framed: Any) -> None:
        for number in range(1000):
            framed.send(Data("x" * 60_000))
            sent.append(number)

    def handler(framed: Any, call: Call) -> None:
        set_deadline(framed.socket, 0.2)
        with pytest.raises(WireTimeout):
            chatter(framed)
        stuck.set()

    remote_plugin.handler = handler

    async def scene() -> None:
        socket = await connected()
        assert len(await socket.receive_from(10)) == 60_002
        assert await asyncio.to_thread(stuck.wait, 10)
        await socket.disconnect(timeout=10)

    play(scene)
    assert 0 < len(sent) < 50


def test_sockets_leave_no_descriptor_behind(remote_plugin: RemotePlugin) -> None:
    def open_descriptors() -> int:
        gc.collect()
        return len(os.listdir("/proc/self/fd"))

    async def scene() -> None:
        sockets = [await connected() for _ in range(10)]
        for socket in sockets:
            await socket.disconnect(timeout=10)
        for _ in sockets:
            assert await asyncio.to_thread(remote_plugin.has_ended)

    play(scene)
    before = open_descriptors()
    play(scene)
    # Fewer is no leak: threads of earlier tests let go of theirs when they like.
    assert open_descriptors() <= before
