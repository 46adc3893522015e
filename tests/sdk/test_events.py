"""`emit_hook` and `current_event`, against a host that only listens."""

from __future__ import annotations

import asyncio
import datetime
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from plexichat_plugin_sdk import Event, ValidationError, _host, current_event, emit_hook
from plexichat_plugin_sdk.events import handling
from plexichat_plugin_sdk.exceptions import OutsideHost
from plexichat_plugin_sdk.hooks import NAME_CHARACTERS, PAYLOAD_BYTES

EVENT = Event(event_id="e1", hook="h", occurred_at="2025-08-31T12:00:00Z", attempt=1)


class Listener:
    """A host that answers nothing and remembers all."""

    identity = _host.Identity(plugin="sample")

    def __init__(self) -> None:
        self.config: dict[str, Any] = {}
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def ask(self, what: str, arguments: dict[str, Any]) -> None:
        self.asked.append((what, arguments))

    def tell(self, what: str, arguments: dict[str, Any]) -> None:
        raise AssertionError(what)


@pytest.fixture
def host() -> Iterator[Listener]:
    before = _host.current()
    listener = Listener()
    _host.bind(listener)
    yield listener
    _host.bind(before)


def test_an_event_is_a_question_with_plain_values(host: Listener) -> None:
    emit_hook("sample.done_2", {"on": datetime.date(2025, 8, 31)})
    asked = {"name": "sample.done_2", "payload": {"on": "2025-08-31"}, "depth": 0}
    assert host.asked == [("hooks.emit", asked)]


def test_outside_of_a_host_it_says_so() -> None:
    with pytest.raises(OutsideHost, match=r"'hooks\.emit' was asked outside a plugin host"):
        emit_hook("sample_done", {})


@pytest.mark.parametrize("name", ["", "Upper", "1st", "_x", "a-b", "a b", "a\n", "é", 7, None])
def test_a_name_that_is_none_is_refused(host: Listener, name: Any) -> None:
    with pytest.raises(ValidationError, match="needs a name of lower-case letters"):
        emit_hook(name, {})
    assert not host.asked


@pytest.mark.parametrize("name", ["message_sent", "user_login", "channel_join", "plugin_error"])
def test_the_chats_own_names_are_refused(host: Listener, name: str) -> None:
    with pytest.raises(ValidationError, match=f"'{name}' is a hook of the chat itself"):
        emit_hook(name, {})
    assert not host.asked


def test_the_longest_name_passes_and_one_more_does_not(host: Listener) -> None:
    emit_hook("a" * NAME_CHARACTERS, {})
    with pytest.raises(ValidationError, match="at most 100 characters"):
        emit_hook("a" * (NAME_CHARACTERS + 1), {})
    assert len(host.asked) == 1


def test_the_largest_payload_passes_and_one_more_byte_does_not(host: Listener) -> None:
    room = PAYLOAD_BYTES - len('{"x":""}')
    emit_hook("sample_done", {"x": "y" * room})
    with pytest.raises(ValidationError, match="65537 bytes of JSON; at most 65536"):
        emit_hook("sample_done", {"x": "y" * (room + 1)})
    assert len(host.asked) == 1


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        (["a"], "the payload must be a dict, not a list"),
        (None, "the payload must be a dict, not a NoneType"),
        ({"o": object()}, r"the payload\['o'\] is a object, which is no JSON value"),
        ({"n": float("nan")}, r"the payload\['n'\] is nan"),
        ({"s": "\ud800"}, "a text that is no Unicode"),
    ],
)
def test_a_payload_that_is_no_json_is_refused(host: Listener, payload: Any, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        emit_hook("sample_done", payload)
    assert not host.asked


def test_all_that_is_wrong_is_said_at_once(host: Listener) -> None:
    with pytest.raises(ValidationError) as refused:
        emit_hook("user_login", {"o": object()})
    assert len(str(refused.value).splitlines()) == 2


def test_an_event_emitted_while_one_is_handled_lies_deeper(host: Listener) -> None:
    with handling(EVENT, 3):
        emit_hook("sample_done", {})
    emit_hook("sample_done", {})
    assert [arguments["depth"] for _, arguments in host.asked] == [4, 0]


def test_the_current_event_is_that_of_the_block() -> None:
    assert current_event() is None
    with handling(EVENT, 0):
        assert current_event() is EVENT
    assert current_event() is None


def test_tasks_inherit_the_event_and_foreign_threads_do_not() -> None:
    seen: list[Event | None] = []

    async def looks() -> None:
        seen.append(current_event())

    async def starts_a_task() -> None:
        await asyncio.create_task(looks())
        await asyncio.to_thread(lambda: seen.append(current_event()))

    with handling(EVENT, 0):
        asyncio.run(starts_a_task())
        thread = threading.Thread(target=lambda: seen.append(current_event()))
        thread.start()
        thread.join()
    assert seen == [EVENT, EVENT, None]
