"""What hostile frames cost the process that reads them: large ones, slow ones, strange ones."""

from __future__ import annotations

import contextlib
import json
import socket
import stat
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from plexichat_plugin_sdk._wire import MAX_FRAME_BYTES, codes
from plexichat_plugin_sdk._wire.conversation import Answer, Call, Failure, ToPlugin
from plexichat_plugin_sdk._wire.framing import LARGE_BYTES, Framed, WireViolation
from plexichat_plugin_sdk._wire.questions import Tell, ToGateway
from plugin_runtime.conversations.conversation import Conversation
from plugin_runtime.exceptions import DeadlinePassed, PluginFault, PluginUnavailable
from plugin_runtime.gateway.records import Journal
from plugin_runtime.large import VALUE_BYTES, QuestionLine

Play = Callable[[Callable[[Framed[ToPlugin]], None]], Conversation]


@pytest.fixture
def play() -> Iterator[Play]:
    """Return a function that gives a conversation whose other end is played in a thread."""
    ends: list[Any] = []

    def start(part: Callable[[Framed[ToPlugin]], None]) -> Conversation:
        ours, theirs = socket.socketpair()
        framed: Framed[ToPlugin] = Framed(theirs, ToPlugin)

        def run() -> None:
            with contextlib.suppress(OSError):  # the caller has gone
                part(framed)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        conversation = Conversation("hostile", ours)
        ends.append((conversation, thread, framed))
        return conversation

    yield start
    for conversation, thread, framed in ends:
        conversation.close()
        thread.join(10)
        framed.close()


def answering(result: Any) -> Callable[[Framed[ToPlugin]], None]:
    def part(framed: Framed[ToPlugin]) -> None:
        while isinstance(call := framed.receive(), Call):
            framed.send(Answer(call.number, result))

    return part


def call(conversation: Conversation, payload: Any = None) -> Any:
    target, since = "GET /api/v1/hostile", time.monotonic()
    return conversation.call("endpoint", target, payload, 10_000, 0, since)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"x" * (MAX_FRAME_BYTES - 100), id="bytes"),
        pytest.param("x" * (MAX_FRAME_BYTES - 100), id="text"),
        pytest.param([["x"] * 1000] * 300, id="a value"),
    ],
)
def test_an_endpoint_may_answer_at_length(play: Play, body: Any) -> None:
    conversation = play(answering([200, {"a": "b"}, body]))

    assert call(conversation) == [200, {"a": "b"}, body]
    assert call(conversation) == [200, {"a": "b"}, body]


@pytest.mark.parametrize(
    "result",
    [
        pytest.param([200, {}, [[]] * (VALUE_BYTES + 1)], id="body"),
        pytest.param([200, {str(n): "" for n in range(100_000)}, ""], id="headers"),
        pytest.param(["replace", {"x": "x" * LARGE_BYTES}], id="message"),
        pytest.param([[]] * (MAX_FRAME_BYTES - 100), id="anything"),
    ],
)
def test_nothing_else_that_is_large_is_unfolded(play: Play, result: Any) -> None:
    conversation = play(answering(result))

    for _ in range(2):  # the conversation goes on
        with pytest.raises(PluginFault, match="too large") as fault:
            call(conversation)
        assert fault.value.code == codes.BAD_RESULT


def test_a_large_failure_is_no_frame(play: Play) -> None:
    def part(framed: Framed[ToPlugin]) -> None:
        framed.receive()
        framed.send(Failure(1, "x", "", {"traceback": [[]] * LARGE_BYTES}))

    with pytest.raises(PluginUnavailable):
        call(play(part))


def test_of_a_failure_a_bearable_part_is_kept(play: Play) -> None:
    def part(framed: Framed[ToPlugin]) -> None:
        framed.receive()
        details = {"traceback": "a" * 50_000 + "end", "other": [1]}
        framed.send(Failure(1, "c" * 1000, "m" * 50_000, details))

    with pytest.raises(PluginFault) as fault:
        call(play(part))
    assert len(str(fault.value)) < 2_100
    assert len(fault.value.code) == 100
    assert list(fault.value.details) == ["traceback"]
    assert len(fault.value.details["traceback"]) == 16 * 1024
    assert fault.value.details["traceback"].endswith("end")


def test_who_reads_in_sips_gains_no_time(play: Play) -> None:
    def part(framed: Framed[ToPlugin]) -> None:
        ended = threading.Event()
        while framed.socket.recv(300_000) and not ended.wait(0.3):
            pass

    began = time.monotonic()
    with pytest.raises(DeadlinePassed):
        play(part).call("endpoint", "POST /x", "x" * 4_000_000, 400, 0, time.monotonic())
    assert time.monotonic() - began < 2.0


def test_who_answers_in_drops_gains_no_time(play: Play) -> None:
    def part(framed: Framed[ToPlugin]) -> None:
        framed.receive()
        ended = threading.Event()
        framed.socket.sendall((1000).to_bytes(4, "big"))
        while not ended.wait(0.3):
            framed.socket.sendall(b"x")

    began = time.monotonic()
    with pytest.raises(DeadlinePassed):
        play(part).call("filter", "message_sent", {}, 400, 0, time.monotonic())
    assert time.monotonic() - began < 2.0


def test_a_large_question_is_none() -> None:
    ours, theirs = socket.socketpair()
    asking: Framed[Any] = Framed(theirs, Any)
    line = QuestionLine(ours, ToGateway)
    sender = threading.Thread(
        target=asking.send, args=(Tell("log.record", {"x": [[]] * LARGE_BYTES}),)
    )
    sender.start()
    with pytest.raises(WireViolation, match="at most"):
        line.receive()
    sender.join(10)
    asking.close()
    line.close()


@pytest.fixture
def journal(tmp_path: Path, settings: Any) -> Iterator[Journal]:
    settings.PLEXICHAT_HOME = tmp_path
    opened = Journal("hostile")
    yield opened
    opened.close()


def deep(levels: int) -> Any:
    value: Any = "x"
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize("name", ["message", "logger", "exception", "call", "level", "extra"])
@pytest.mark.parametrize(
    "value", [deep(100_000), {"a": deep(100_000)}, b"\xff", True, None, "a\nb"]
)
def test_a_record_of_any_shape_is_one_line(
    journal: Journal, tmp_path: Path, name: str, value: Any
) -> None:
    journal.record("1.0.0", {"message": "before"})
    journal.record("1.0.0", {name: value})
    journal.record("1.0.0", {"message": "after"})

    lines = (tmp_path / "logs" / "plugins" / "hostile.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    assert len(records) == 3
    assert records[-1]["message"] == "after"


def test_logs_are_for_the_hosts_own_user(journal: Journal, tmp_path: Path) -> None:
    journal.record("1.0.0", {"message": "what somebody wrote"})

    assert stat.S_IMODE((tmp_path / "logs").stat().st_mode) == 0o700
