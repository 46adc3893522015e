"""WebSockets, asked of the runner in a real child."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from plexichat_plugin_sdk._wire.conversation import Answer, Close, Failure
from tests.sdk.child import Child, Conversation, running, until

SOURCE = """
import asyncio, threading, time

class Sample(Plugin):
    def __init__(self):
        self.sockets = {}
        self.log = []

    @websocket_endpoint("/ws/echo/{room}")
    def echo(self, ws):
        self.sockets[ws.user_id] = ws
        try:
            while True:
                ws.send_json([ws.user_id, ws.path_params, ws.params, ws.receive_json()])
        finally:
            del self.sockets[ws.user_id]
            self.log.append("echo ended")

    @websocket_endpoint("/ws/async")
    async def asynchronous(self, ws):
        await ws.send_json("welcome")
        try:
            while True:
                await ws.send_json({"you said": await ws.receive_json()})
        finally:
            self.log.append("async ended")

    @websocket_endpoint("/ws/careful")
    def careful(self, ws):
        for attempt in (1, 2):
            try:
                ws.receive_json()
            except WebSocketClosed as closed:
                self.log.append(["closed", attempt, closed.close_code, closed.reason])
        try:
            ws.send_json("late")
        except WebSocketClosed:
            self.log.append("not sent")

    @websocket_endpoint("/ws/timeout")
    def timeout(self, ws):
        try:
            ws.receive_json(timeout=0.01)
        except TimeoutError as error:
            ws.send_json(str(error))
        ws.send_json(ws.receive_json(timeout=10))

    @websocket_endpoint("/ws/closes")
    def closes(self, ws):
        ws.close(4003, "x" * 200)
        ws.close()
        try:
            ws.send_json("late")
        except WebSocketClosed as closed:
            self.log.append(closed.close_code)

    @websocket_endpoint("/ws/closes-async")
    async def closes_async(self, ws):
        await ws.close(4004, "bye")
        await ws.receive_json()

    @websocket_endpoint("/ws/sends")
    def sends(self, ws):
        ws.send_json("begin")
        try:
            while True:
                ws.send_json("more")
                time.sleep(0.001)
        except WebSocketClosed:
            self.log.append("sender noticed")

    @websocket_endpoint("/ws/raises")
    def raises(self, ws):
        raise ValueError("broken")

    @websocket_endpoint("/ws/raises-async")
    async def raises_async(self, ws):
        raise ValueError("broken too")

    @websocket_endpoint("/ws/bad")
    def bad(self, ws):
        for value in (object(), 2 ** 70, "x" * 9_000_000):
            try:
                ws.send_json(value)
            except ValidationError as error:
                ws.send_json(str(error)[:30])
        try:
            ws.close(5)
        except ValidationError as error:
            ws.send_json(str(error))

    @websocket_endpoint("/ws/keeps")
    def keeps(self, ws):
        self.kept = ws

    @endpoint("/kept")
    def use_kept(self, r):
        try:
            self.kept.send_json("into the next call")
        except WebSocketClosed:
            return "closed"

    @endpoint("/broadcast")
    def broadcast(self, r):
        thread = threading.Thread(target=self._broadcast)
        thread.start()
        thread.join()

    def _broadcast(self):
        for ws in self.sockets.values():
            ws.send_json("to all")

    @endpoint("/log")
    def tell(self, r): return self.log
"""


@pytest.fixture(scope="module")
def child(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Child]:
    with running(tmp_path_factory.mktemp("sockets"), SOURCE) as child:
        yield child


@pytest.fixture
def caller(child: Child) -> Conversation:
    return child.conversation()


def _logged(child: Child, entry: Any) -> bool:
    reader = child.conversation()
    return bool(until(lambda: entry in reader.request("GET /log")[2]))


def test_a_conversation_goes_both_ways_and_ends_with_the_client(
    child: Child, caller: Conversation
) -> None:
    caller.open_socket("/ws/echo/{room}", path_params={"room": "r"}, params={"a": "b"})
    caller.say({"n": 1})
    assert caller.heard() == ["u1", {"room": "r"}, {"a": "b"}, {"n": 1}]
    caller.leave()
    assert isinstance(caller.heard(), Answer)
    assert _logged(child, "echo ended")


def test_the_conversation_can_be_used_again(caller: Conversation) -> None:
    caller.open_socket("/ws/echo/{room}")
    caller.leave()
    assert isinstance(caller.heard(), Answer)
    caller.say("too late, nobody listens")
    assert caller.request("GET /log")[0] == 200


def test_another_thread_may_broadcast(child: Child, caller: Conversation) -> None:
    caller.open_socket("/ws/echo/{room}")
    caller.say(1)
    caller.heard()
    child.conversation().request("GET /broadcast")
    assert caller.heard() == "to all"
    caller.leave()
    assert isinstance(caller.heard(), Answer)


def test_an_async_handler_is_awaited(child: Child, caller: Conversation) -> None:
    caller.open_socket("/ws/async")
    assert caller.heard() == "welcome"
    for number in range(200):
        caller.say(number)
    assert [caller.heard() for _ in range(200)] == [{"you said": n} for n in range(200)]
    caller.leave()
    assert isinstance(caller.heard(), Answer)
    assert _logged(child, "async ended")


def test_receiving_after_the_end_raises_every_time(child: Child, caller: Conversation) -> None:
    caller.open_socket("/ws/careful")
    caller.leave()
    assert isinstance(caller.heard(), Answer)
    for attempt in (1, 2):
        assert _logged(child, ["closed", attempt, 1001, "gone"])
    assert _logged(child, "not sent")


def test_a_caller_that_vanishes_ends_the_handler(child: Child, caller: Conversation) -> None:
    caller.open_socket("/ws/careful")
    caller.framed.close()
    assert _logged(child, ["closed", 2, 1006, ""])


def test_waiting_may_be_limited(caller: Conversation) -> None:
    caller.open_socket("/ws/timeout")
    assert caller.heard() == "no message came within 0.01 s"
    caller.say("now")
    assert caller.heard() == "now"
    assert isinstance(caller.heard(), Answer)


def test_the_plugin_may_close(child: Child, caller: Conversation) -> None:
    caller.open_socket("/ws/closes")
    assert caller.heard() == Close(4003, "x" * 123)
    assert isinstance(caller.heard(), Answer)
    assert _logged(child, 4003)


def test_an_async_handler_may_close(caller: Conversation) -> None:
    caller.open_socket("/ws/closes-async")
    assert caller.heard() == Close(4004, "bye")
    assert isinstance(caller.heard(), Answer)


def test_a_handler_that_only_sends_notices_the_end(child: Child, caller: Conversation) -> None:
    caller.open_socket("/ws/sends")
    assert caller.heard() == "begin"
    caller.leave()
    assert until(lambda: isinstance(caller.heard(), Answer))
    assert _logged(child, "sender noticed")


@pytest.mark.parametrize(
    ("path", "said"),
    [("/ws/raises", "ValueError: broken"), ("/ws/raises-async", "ValueError: broken too")],
)
def test_what_a_handler_raises_is_told(caller: Conversation, path: str, said: str) -> None:
    caller.open_socket(path)
    reply = caller.heard()
    assert isinstance(reply, Failure)
    assert reply.message == said
    assert caller.request("GET /log")[0] == 200


def test_what_cannot_be_sent_is_refused_and_harms_nothing(caller: Conversation) -> None:
    caller.open_socket("/ws/bad")
    heard = [caller.heard() for _ in range(4)]
    assert heard[0] == "the message is a object, which"
    assert all(text.startswith("the message cannot be sent") for text in heard[1:3])
    assert heard[3] == "a close code is a number from 1000 to 4999, not 5"
    assert isinstance(caller.heard(), Answer)


def test_a_socket_kept_beyond_its_handler_is_closed(caller: Conversation) -> None:
    caller.open_socket("/ws/keeps")
    assert isinstance(caller.heard(), Answer)
    assert caller.request("GET /kept")[2] == "closed"
