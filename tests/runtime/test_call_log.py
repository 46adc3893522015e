"""The log of calls: every call leaves a line, and none waits or fails for it."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any

import pytest
from asgiref.sync import async_to_sync

from plexichat_plugin_sdk._wire.conversation import Call, Data
from plugin_runtime import conversations
from plugin_runtime.conversations import call_log
from plugin_runtime.conversations.call_log import CallLog
from plugin_runtime.exceptions import CallError, DeadlinePassed, PluginUnavailable
from plugins_registry import queries
from plugins_registry.services import CallEntry
from tests.platform import Platform
from tests.waiting import wait_for

Post = Callable[[str], Any]
CODE = """
    import os, time
    from plexichat_plugin_sdk import Plugin, endpoint, hook, websocket_endpoint

    class Logged(Plugin):
        @hook("message_sent")
        def hear(self, message):
            return message

        @hook("user_login")
        def greet(self, data):
            pass

        @endpoint("/api/v1/logged", methods=["GET"])
        def ends(self, request):
            how = request.params["how"]
            if how == "raise":
                raise RuntimeError("no")
            if how == "sleep":
                time.sleep(1)
            os._exit(3)

        @websocket_endpoint("/ws/logged")
        def talk(self, socket):
            while True:
                socket.send_json(socket.receive_json())
"""


@pytest.fixture
def logs(settings: Any) -> Iterator[Callable[..., CallLog]]:
    """Makes logs that write where a test wants, and ends them."""
    settings.PLEXICHAT_CALL_LOG = True
    made: list[CallLog] = []

    def make(write: Callable[[list[CallEntry]], None] = lambda entries: None) -> CallLog:
        made.append(CallLog(write))
        return made[-1]

    yield make
    for log in made:
        log.close()


@pytest.fixture
def logged(platform: Platform, settings: Any) -> Iterator[Platform]:
    """A platform whose process logs its calls, with one plugin."""
    settings.PLEXICHAT_CALL_LOG = True
    platform.install(platform.write("logged", CODE))
    yield platform
    call_log.log.close()


def note(log: CallLog, *targets: str) -> None:
    for target in targets:
        log.note("demo", "filter", target, monotonic())


def endpoint(how: str, deadline_ms: int = 20_000) -> None:
    path = "/api/v1/logged"
    payload: dict[str, Any] = {"user_id": "u", "method": "GET", "path": path, "path_params": {}}
    payload |= {"params": {"how": how}, "headers": {}, "body": None, "files": {}}
    with pytest.raises(CallError):
        conversations.call("logged", "endpoint", f"GET {path}", payload, deadline_ms=deadline_ms)


def wait_for_calls(count: int) -> list[CallEntry]:
    def enough() -> list[CallEntry]:
        found = queries.last_calls("logged", 100)
        return found if len(found) >= count else []

    return wait_for(enough, what=f"{count} calls")


@pytest.mark.backends
def test_a_filter_leaves_a_line(logged: Platform) -> None:
    message = {"content": "hello", "message_id": "m", "user_id": "u", "channel_id": "c"}
    message |= {"timestamp": "2026-01-01T00:00:00Z", "message_type": "text"}
    conversations.call("logged", "filter", "message_sent", message, deadline_ms=20_000)
    (entry,) = wait_for_calls(1)
    assert (entry.kind, entry.target, entry.outcome) == ("filter", "message_sent", "ok")
    assert 0 < entry.took_ms < 20_000


def test_a_batch_of_events_leaves_one_line(logged: Platform) -> None:
    event = ["user_login", {"user_id": "u"}, "e1", "2026-01-01T00:00:00Z", 1, "", 0]
    conversations.call("logged", "events", "", [event, event], deadline_ms=20_000)
    (entry,) = wait_for_calls(1)
    assert (entry.kind, entry.target, entry.outcome) == ("events", "", "ok")


@pytest.mark.backends
def test_each_way_to_fail_has_its_outcome(logged: Platform) -> None:
    endpoint("raise")
    endpoint("sleep", deadline_ms=50)
    endpoint("exit")
    logged.supervisor.stop()
    endpoint("raise")
    found = wait_for_calls(4)
    assert [entry.outcome for entry in found] == ["failed", "deadline", "lost", "unavailable"]
    assert [entry.code for entry in found] == ["handler_raised", "", "", ""]
    assert {(entry.kind, entry.target) for entry in found} == {("endpoint", "GET /api/v1/logged")}


def test_a_socket_leaves_a_line_when_it_opens_and_closes(logged: Platform) -> None:
    async def talk() -> None:
        path = "/ws/logged"
        conversation = await conversations.open_socket("logged", target=path)
        await conversation.send(Call(1, "socket", path, {"user_id": "u", "path": path}, 0))
        await conversation.send(Data("hello"))
        assert await conversation.receive() == Data("hello")
        conversation.close()
        conversation.close()

    async_to_sync(talk)()
    found = wait_for_calls(2)
    assert [entry.kind for entry in found] == ["socket_opened", "socket_closed"]
    assert {(entry.target, entry.outcome) for entry in found} == {("/ws/logged", "ok")}


def test_a_socket_that_the_plugin_drops_is_lost(logged: Platform) -> None:
    async def talk() -> None:
        conversation = await conversations.open_socket("logged")
        logged.kill("logged")
        with pytest.raises(Exception, match="closed the conversation"):
            await conversation.receive()
        conversation.close()

    async_to_sync(talk)()
    assert wait_for_calls(2)[1].outcome == "lost"


def test_a_socket_that_never_opens_is_unavailable(logged: Platform) -> None:
    logged.supervisor.stop()
    with pytest.raises(PluginUnavailable):
        async_to_sync(conversations.open_socket)("logged", target="/ws/logged")
    (entry,) = wait_for_calls(1)
    assert (entry.kind, entry.outcome) == ("socket_opened", "unavailable")


def test_lines_are_written_in_bulk_and_in_order(logs: Callable[..., CallLog]) -> None:
    written: list[list[str]] = []
    log = logs(lambda entries: written.append([entry.target for entry in entries]))
    note(log, "a", "b", "c")
    log.close()
    assert written == [["a", "b", "c"]]


def test_a_closed_log_goes_on_with_the_next_call(logs: Callable[..., CallLog]) -> None:
    written: list[str] = []
    log = logs(lambda entries: written.extend(entry.target for entry in entries))
    log.close()
    note(log, "a")
    log.close()
    note(log, "b")
    log.close()
    assert written == ["a", "b"]


def test_nothing_to_write_writes_nothing(
    logs: Callable[..., CallLog], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_log, "FLUSH_SECONDS", 0.001)
    written: list[int] = []
    log = logs(lambda entries: written.append(len(entries)))
    note(log, "a")
    wait_for(lambda: written)
    log.close()
    assert written == [1]


def test_a_full_ring_forgets_its_oldest_and_says_so(
    logs: Callable[..., CallLog], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(call_log, "RING", 3)
    caplog.set_level(logging.INFO, call_log.logger.name)
    written: list[str] = []
    log = logs(lambda entries: written.extend(entry.target for entry in entries))
    note(log, *"abcde")
    log.close()
    assert written == ["c", "d", "e"]
    assert "calls were too many" in caplog.text


def test_a_log_that_cannot_be_written_fails_no_call_and_says_so_once(
    logs: Callable[..., CallLog], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(call_log, "FLUSH_SECONDS", 0.001)
    tries: list[str] = []

    def write(entries: list[CallEntry]) -> None:
        tries.extend(entry.target for entry in entries)
        raise OSError("the database is away")

    log = logs(write)
    note(log, "a")
    wait_for(lambda: tries == ["a"])
    note(log, "b")
    wait_for(lambda: tries == ["a", "b"])
    log.close()
    assert caplog.text.count("calls could not be logged") == 1


def test_a_log_that_is_off_starts_nothing(logs: Callable[..., CallLog], settings: Any) -> None:
    settings.PLEXICHAT_CALL_LOG = False
    written: list[int] = []
    log = logs(lambda entries: written.append(len(entries)))
    note(log, "a")
    log.close()
    assert written == []


def test_without_a_thread_calls_go_on(
    logs: Callable[..., CallLog], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    log = logs()
    monkeypatch.setattr(threading.Thread, "start", refuse)
    log.note_error("demo", "filter", "a", monotonic(), DeadlinePassed("demo", "late"))


def test_a_forked_child_writes_only_its_own(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.PLEXICHAT_CALL_LOG = True
    reader, writer = os.pipe()

    def write(entries: list[CallEntry]) -> None:
        os.write(writer, ",".join(entry.target for entry in entries).encode())

    log = call_log.log
    monkeypatch.setattr(log, "_write", write)
    note(log, "parent")
    child = os.fork()
    if child == 0:
        note(log, "child")
        log.close()
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reader, 100) == b"child"
    log.close()
    assert os.read(reader, 100) == b"parent"
    os.close(reader)
    os.close(writer)
