"""Batches of events, told to the runner in a real child."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from plexichat_plugin_sdk._wire import codes
from plexichat_plugin_sdk._wire.conversation import Answer, Call, Failure
from tests.sdk.child import Child, Conversation, running

SOURCE = """
import asyncio, threading
from plexichat_plugin_sdk.exceptions import PluginError

seen = []

def note(**facts):
    seen.append(facts)

def described():
    event = current_event()
    return [event.event_id, event.hook, event.occurred_at, event.attempt, event.receiver_id]

class Sample(Plugin):
    @endpoint("/seen")
    def seen(self, request):
        taken = list(seen)
        seen.clear()
        return {"seen": taken, "event": current_event()}

    @endpoint("/emit")
    def emit(self, request):
        emit_hook("sample_done", {"n": 1})

    @hook("plain")
    def plain(self, data): note(data=data, event=described())

    @hook("awaited")
    async def awaited(self, data):
        await asyncio.sleep(0)
        note(data=data, event=described())

    @hook("raises")
    def raises(self, data): return {}[data["key"]]

    @hook("exits")
    def exits(self, data): raise SystemExit("enough")

    @hook("exits_async")
    async def exits_async(self, data): raise SystemExit("enough")

    @hook("blocks")
    def blocks(self, data): raise MessageBlocked("no filter")

    @hook("returns")
    def returns(self, data): return object()

    @hook("shared")
    def shared_1(self, data): data["in"]["n"] = 1; raise ValueError("first")
    @hook("shared")
    def shared_2(self, data): note(data=data); raise ValueError("second")
    @hook("shared")
    def shared_3(self, data): note(data=data)

    @hook("slow")
    def slow(self, data): threading.Event().wait(data["seconds"])

    @hook("emits")
    def emits(self, data): emit_hook("sample_done", data)

    @hook("emits_async")
    async def emits_async(self, data): await asyncio.to_thread(emit_hook, "sample_done", data)

    @hook("refused")
    def refused(self, data):
        try:
            emit_hook("sample_done", data)
        except PluginError as error:
            note(code=error.code)

    @hook("logs")
    def logs(self, data): self.logger.info("here")

    @hook("talks")
    def talks(self, data): raise ValueError(chr(0x1F600) * 20_000)
"""

OK, SKIPPED = ["ok", "", ""], ["skipped", "", ""]
AT = "2025-08-31T12:00:00.000000Z"


@pytest.fixture(scope="module")
def child(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Child]:
    with running(tmp_path_factory.mktemp("events"), SOURCE) as child:
        child.gateway.answers["hooks.emit"] = None
        yield child


@pytest.fixture
def caller(child: Child) -> Conversation:
    child.gateway.asked.clear()
    return child.conversation()


def tell(caller: Conversation, *events: list[Any], deadline_ms: int = 20_000) -> Any:
    """Tell a batch and return the outcomes; each event is a hook, its data, and its depth."""
    batch = [
        [hook, data, f"e{number}", AT, number, f"u{number}", *(rest or [0])]
        for number, (hook, data, *rest) in enumerate(events, 1)
    ]
    caller.framed.send(Call(1, "events", "", batch, deadline_ms))
    reply = caller.framed.receive()
    assert isinstance(reply, Answer), reply
    return reply.result


def seen(caller: Conversation) -> Any:
    return caller.request("GET /seen")[2]["seen"]


def test_events_are_told_in_order_with_what_is_known_of_them(caller: Conversation) -> None:
    told = tell(caller, ["plain", {"n": 1}], ["awaited", {"n": 2}], ["plain", {"n": 3}])
    assert told == [OK, OK, OK]
    assert seen(caller) == [
        {"data": {"n": 1}, "event": ["e1", "plain", AT, 1, "u1"]},
        {"data": {"n": 2}, "event": ["e2", "awaited", AT, 2, "u2"]},
        {"data": {"n": 3}, "event": ["e3", "plain", AT, 3, "u3"]},
    ]


def test_an_empty_batch_and_one_without_deadline(caller: Conversation) -> None:
    assert tell(caller) == []
    assert tell(caller, ["plain", {}], ["plain", {}], deadline_ms=0) == [OK, OK]
    assert len(seen(caller)) == 2


def test_after_the_batch_there_is_no_current_event(caller: Conversation) -> None:
    tell(caller, ["plain", {}], ["raises", {"key": "k"}])
    body = caller.request("GET /seen")[2]
    assert (len(body["seen"]), body["event"]) == (1, None)


def test_hooks_that_nobody_handles_are_done(caller: Conversation) -> None:
    assert tell(caller, ["unheard", {}], ["plain", {}]) == [OK, OK]
    assert len(seen(caller)) == 1


@pytest.mark.parametrize(
    ("hook", "said"),
    [
        ("raises", "KeyError: 'k'"),
        ("exits", "SystemExit: enough"),
        ("exits_async", "HandlerExited: the handler raised SystemExit('enough')"),
        ("blocks", "MessageBlocked: no filter"),
    ],
)
def test_what_a_handler_raises_is_one_outcome_only(
    caller: Conversation, hook: str, said: str
) -> None:
    before, told, after = tell(caller, ["plain", {}], [hook, {"key": "k"}], ["plain", {}])
    assert (before, after, told[:2]) == (OK, OK, ["error", said])
    assert len(seen(caller)) == 2


def test_a_traceback_shows_the_authors_code_only(child: Child, caller: Conversation) -> None:
    (told,) = tell(caller, ["raises", {"key": "k"}])
    assert told[2].startswith('Traceback (most recent call last):\n  File "plugin.py", line ')
    assert str(child.root) not in told[2]


def test_returned_values_do_not_matter(caller: Conversation) -> None:
    assert tell(caller, ["returns", {}]) == [OK]


def test_all_handlers_run_on_their_own_data_and_the_first_error_counts(
    caller: Conversation,
) -> None:
    (told,) = tell(caller, ["shared", {"in": {"n": 0}}])
    assert told[:2] == ["error", "ValueError: first"]
    assert seen(caller) == [{"data": {"in": {"n": 0}}}] * 2


def test_what_the_time_did_not_allow_is_skipped(caller: Conversation) -> None:
    slow = ["slow", {"seconds": 0.05}]
    told = tell(caller, ["plain", {}], slow, ["plain", {}], ["plain", {}], deadline_ms=40)
    assert told == [OK, OK, SKIPPED, SKIPPED]
    assert len(seen(caller)) == 1


def test_the_first_event_is_always_begun(caller: Conversation) -> None:
    told = tell(caller, ["slow", {"seconds": 0.01}], ["plain", {}], deadline_ms=1)
    assert told == [OK, SKIPPED]
    assert seen(caller) == []


def test_talkative_errors_of_a_large_batch_fit_into_one_answer(caller: Conversation) -> None:
    told = tell(caller, *[["talks", {}]] * 600)
    assert {each[0] for each in told} == {"error"}
    assert all(each[1].startswith("ValueError: ") for each in told)


@pytest.mark.parametrize("hook", ["emits", "emits_async"])
def test_what_a_handler_emits_lies_one_deeper(
    child: Child, caller: Conversation, hook: str
) -> None:
    assert tell(caller, [hook, {"n": 1}, 2], [hook, {"n": 2}]) == [OK, OK]
    asked = [each.arguments for each in child.gateway.asked]
    assert asked == [
        {"name": "sample_done", "payload": {"n": 1}, "depth": 3},
        {"name": "sample_done", "payload": {"n": 2}, "depth": 1},
    ]


def test_an_endpoint_emits_at_the_top(child: Child, caller: Conversation) -> None:
    caller.request("GET /emit")
    assert [each.arguments["depth"] for each in child.gateway.asked] == [0]


def test_a_refusal_of_the_host_is_the_authors_exception(child: Child, caller: Conversation) -> None:
    child.gateway.answers["hooks.emit"] = (codes.LIMIT_REACHED, "too deep")
    try:
        assert tell(caller, ["refused", {}]) == [OK]
    finally:
        child.gateway.answers["hooks.emit"] = None
    assert seen(caller) == [{"code": "limit_reached"}]


def test_a_log_record_names_the_event(child: Child, caller: Conversation) -> None:
    tell(caller, ["logs", {}])
    assert child.gateway.records(1)[-1]["call"] == "event logs"


def test_a_batch_that_is_none_is_a_failure_and_the_line_lives_on(caller: Conversation) -> None:
    assert isinstance(caller.call("events", "", [["plain"]]), Failure)
    assert tell(caller, ["plain", {}]) == [OK]
    assert len(seen(caller)) == 1
