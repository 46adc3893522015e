"""Gateway lines and log records of the runner."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from plexichat_plugin_sdk import exceptions
from plexichat_plugin_sdk._runner.gateway_lines import MOST_LINES, GatewayLines
from plexichat_plugin_sdk._runner.records import MOST_WAITING, Records
from plexichat_plugin_sdk._wire.control import LineWanted, Loaded
from plexichat_plugin_sdk._wire.conversation import Answer
from plexichat_plugin_sdk._wire.questions import Tell
from tests.sdk.child import Gateway, alive, until, write_plugin


class Host:
    """Gives lines as they are wanted."""

    def __init__(self) -> None:
        self.gateway = Gateway()
        self.wishes = 0
        self.grants = True
        self.ends: list[socket.socket] = []
        self.lines = GatewayLines(self._give, patience=0.2)

    def _give(self) -> None:
        self.wishes += 1
        if self.grants:
            self.add()

    def add(self) -> socket.socket:
        mine, theirs = socket.socketpair()
        threading.Thread(target=self.gateway.serve, args=(mine,), daemon=True).start()
        self.ends.append(mine)
        self.lines.add(theirs)
        return theirs

    def hang_up(self) -> None:
        for end in self.ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self.ends.clear()

    def close(self) -> None:
        self.hang_up()
        for line in self.lines._idle:
            line.close()


@pytest.fixture
def host() -> Iterator[Host]:
    host = Host()
    yield host
    host.close()


def test_a_line_is_wanted_once_and_used_again(host: Host) -> None:
    for _ in range(3):
        assert host.lines.ask("permissions.of_user", {}) == []
    assert host.wishes == 1
    assert [ask.number for ask in host.gateway.asked] == [1, 2, 3]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("permission_denied", PermissionError),
        ("invalid", ValueError),
        ("not_available", exceptions.NotAvailable),
        ("something new", exceptions.HostError),
    ],
)
def test_a_refusal_becomes_the_author_s_exception(host: Host, code: str, kind: type) -> None:
    host.gateway.answers["x"] = (code, "because")
    with pytest.raises(kind, match="because") as caught:
        host.lines.ask("x", {})
    assert isinstance(caught.value, exceptions.PluginError)
    assert host.lines.ask("permissions.check", {}) is False


def test_a_restarted_gateway_is_not_noticed(host: Host) -> None:
    host.lines.ask("permissions.check", {})
    host.hang_up()
    assert host.lines.ask("permissions.check", {}) is False
    assert host.wishes == 2


def test_a_gateway_that_leaves_in_the_middle_is_told(host: Host) -> None:
    def leave(arguments: Any) -> None:
        host.hang_up()

    host.gateway.answers["leave"] = leave
    with pytest.raises(exceptions.HostError, match="went away while it answered 'leave'"):
        host.lines.ask("leave", {})
    assert host.lines.ask("permissions.check", {}) is False


def test_without_a_gateway_the_question_fails_after_a_while(host: Host) -> None:
    host.grants = False
    with pytest.raises(exceptions.HostError, match="cannot be reached; try again later"):
        host.lines.ask("x", {})


def test_too_many_questions_at_once_are_refused(host: Host) -> None:
    gate, inside = threading.Event(), threading.Semaphore(0)

    def wait(arguments: Any) -> bool:
        inside.release()
        return gate.wait(20)

    host.gateway.answers["wait"] = wait
    threads = [
        threading.Thread(target=host.lines.ask, args=("wait", {})) for _ in range(MOST_LINES)
    ]
    for thread in threads:
        thread.start()
    assert all(inside.acquire(timeout=20) for _ in threads)
    with pytest.raises(exceptions.LimitReached, match=f"all {MOST_LINES} lines to the host were"):
        host.lines.ask("wait", {})
    gate.set()
    for thread in threads:
        thread.join()
    assert host.lines.ask("permissions.check", {}) is False
    assert host.wishes == MOST_LINES


def test_arguments_that_cannot_travel_are_named(host: Host) -> None:
    with pytest.raises(exceptions.ValidationError, match="the arguments of 'x' cannot be sent"):
        host.lines.ask("x", {"o": object()})
    assert host.lines.ask("permissions.check", {}) is False


def test_dropped_records_are_counted_and_reported(host: Host) -> None:
    host.grants = False
    records = Records(host.lines)
    for number in range(MOST_WAITING * 3):
        records.put("log.record", {"message": str(number)})
    assert not records.flush(0.01)
    host.grants = True
    told = until(lambda: [each for each in host.gateway.told if "dropped" in each.get("extra", ())])
    assert told[0]["extra"]["dropped"] > 0
    assert records.flush(20)


def test_a_plugin_may_ask_and_log_in_on_load_on_its_one_line(tmp_path: Path) -> None:
    source = """
    class A(Plugin):
        def on_load(self, context):
            self.logger.info("allowed: %s", check_permission("u", "p"))
    """
    with alive(write_plugin(tmp_path, source)) as child:
        child.gateway.answers["permissions.check"] = True
        assert isinstance(child.load(), Loaded)
        assert child.gateway.records(1)[0]["message"] == "allowed: True"


def test_more_lines_are_wanted_from_the_supervisor(tmp_path: Path) -> None:
    source = """
    class A(Plugin):
        @hook("ask")
        def ask(self, data): check_permission("u", "p")
    """
    gate = threading.Event()
    with alive(write_plugin(tmp_path, source)) as child:
        child.gateway.answers["permissions.check"] = lambda arguments: gate.wait(20)
        assert isinstance(child.load(), Loaded)
        callers = [child.conversation() for _ in range(2)]
        for caller in callers:
            caller.begin("filter", "ask", {})
        assert isinstance(child.next_frame(), LineWanted)
        child.gateway_line()
        until(lambda: len(child.gateway.asked) == 2)
        gate.set()
        assert all(isinstance(caller.framed.receive(), Answer) for caller in callers)


def test_a_fact_can_be_told_on_a_line(host: Host) -> None:
    host.lines.tell(Tell("log.record", {"message": "x"}))
    assert host.gateway.records(1) == [{"message": "x"}]
