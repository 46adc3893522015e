"""Filters and the results of handlers, asked of the runner in a real child."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from plexichat_plugin_sdk._wire import codes
from plexichat_plugin_sdk._wire.conversation import Failure
from tests.sdk.child import Child, Conversation, alive, running, write_plugin

SOURCE = """
import asyncio, datetime, functools

class Sample(Plugin):
    @hook("none_blocks")
    def none_blocks(self, m) -> Optional[dict]: return None

    @hook("none_allows")
    def none_allows(self, m): return None

    @hook("observes_and_replaces")
    def observes_and_replaces(self, m) -> None: return m | {"seen": True}

    @hook("allow")
    def allow(self, m) -> Optional[dict]: return Allow()

    @hook("block")
    def block(self, m): return Block("rude")

    @hook("blocked")
    def blocked(self, m): raise MessageBlocked("very rude")

    @hook("asynchronous")
    async def asynchronous(self, m) -> "Optional[dict]":
        await asyncio.sleep(0)
        return None if m["content"] == "bad" else m

    @hook("wrapped")
    @functools.wraps(asynchronous)
    def wrapped(self, m): return self.asynchronous(m)

    @hook("dates")
    def dates(self, m): return {"at": datetime.date(2025, 8, 31), "tags": {"a"}}

    @hook("text")
    def text(self, m): return "yes"

    @hook("object")
    def object(self, m): return {"o": object()}

    @hook("large")
    def large(self, m): return {"content": "x" * 9_000_000}

    @hook("number")
    def number(self, m): return {"n": 2 ** 70}

    @hook("surrogate")
    def surrogate(self, m): return {"s": chr(0xd800)}

    @hook("raises")
    def raises(self, m): return {}["missing"]

    @hook("exits")
    def exits(self, m): raise SystemExit("enough")

    @hook("exits_async")
    async def exits_async(self, m): raise SystemExit("enough")

    @hook("unspeakable")
    def unspeakable(self, m):
        class Bad(Exception):
            def __str__(self): raise RuntimeError("no")
        raise Bad()

    @hook("long")
    def long(self, m): raise ValueError("x" * 100_000)

    @hook("chain")
    def chain_1(self, m): m["content"] += "1"; return m
    @hook("chain")
    def chain_2(self, m): m["content"] += "?"
    @hook("chain")
    def chain_3(self, m) -> Optional[dict]:
        return None if "bad" in m["content"] else m | {"content": m["content"] + "3"}
    @hook("chain")
    def chain_4(self, m):
        if "worse" in m["content"]: raise MessageBlocked("worse")

    @hook("chain_allows")
    def chain_5(self, m): m["content"] = "changed in place"
    @hook("chain_allows")
    def chain_6(self, m): return Allow() if m["content"] == "x" else Block("leaked")
"""


@pytest.fixture(scope="module")
def child(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Child]:
    with running(tmp_path_factory.mktemp("filters"), SOURCE) as child:
        yield child


@pytest.fixture(scope="module")
def caller(child: Child) -> Conversation:
    return child.conversation()


@pytest.mark.parametrize(
    ("hook", "content", "verdict"),
    [
        ("none_blocks", "x", ["block", ""]),
        ("none_allows", "x", ["allow"]),
        ("observes_and_replaces", "x", ["replace", {"content": "x", "seen": True}]),
        ("allow", "x", ["allow"]),
        ("block", "x", ["block", "rude"]),
        ("blocked", "x", ["block", "very rude"]),
        ("asynchronous", "good", ["replace", {"content": "good"}]),
        ("asynchronous", "bad", ["block", ""]),
        ("wrapped", "bad", ["block", ""]),
        ("dates", "x", ["replace", {"at": "2025-08-31", "tags": ["a"]}]),
        ("chain", "x", ["replace", {"content": "x13"}]),
        ("chain", "bad", ["block", ""]),
        ("chain", "worse", ["block", "worse"]),
        ("chain_allows", "x", ["allow"]),
    ],
)
def test_verdicts(caller: Conversation, hook: str, content: str, verdict: list[Any]) -> None:
    assert caller.filter({"content": content}, hook) == verdict


@pytest.mark.parametrize(
    ("hook", "said"),
    [
        ("text", "the handler of 'text' returned a str; expected a message dict, None, Allow()"),
        ("object", "the message['o'] is a object, which is no JSON value"),
        ("large", "the result of 'large' cannot be sent: a frame of 9000"),
        ("number", "the result of 'number' cannot be sent: "),
        ("surrogate", "the result of 'surrogate' cannot be sent: "),
    ],
)
def test_a_result_of_no_use_is_named_and_harms_nothing(
    caller: Conversation, hook: str, said: str
) -> None:
    reply = caller.call("filter", hook, {"content": "x"})
    assert isinstance(reply, Failure)
    assert (reply.code, reply.message[: len(said)]) == (codes.BAD_RESULT, said)
    assert caller.filter({"content": "x"}, "block") == ["block", "rude"]


@pytest.mark.parametrize(
    ("hook", "said"),
    [
        ("raises", "KeyError: 'missing'"),
        ("exits", "SystemExit: enough"),
        ("exits_async", "HandlerExited: the handler raised SystemExit('enough')"),
        ("unspeakable", "Bad: (its text cannot be shown)"),
    ],
)
def test_what_a_handler_raises_ends_only_its_call(
    caller: Conversation, hook: str, said: str
) -> None:
    reply = caller.call("filter", hook, {"content": "x"})
    assert isinstance(reply, Failure)
    assert (reply.code, reply.message) == (codes.HANDLER_RAISED, said)
    assert caller.filter({"content": "good"}, "asynchronous")[0] == "replace"


def test_a_traceback_shows_the_authors_code_only(child: Child, caller: Conversation) -> None:
    reply = caller.call("filter", "raises", {})
    assert isinstance(reply, Failure)
    first, place, code, *_, last = reply.details["traceback"].splitlines()
    assert (first, last) == ("Traceback (most recent call last):", "KeyError: 'missing'")
    assert place.startswith('  File "plugin.py", line ')
    assert 'return {}["missing"]' in code
    assert str(child.root) not in reply.details["traceback"]


def test_texts_of_a_failure_are_bounded(caller: Conversation) -> None:
    reply = caller.call("filter", "long", {})
    assert isinstance(reply, Failure)
    assert len(reply.message) == 2000
    assert len(reply.details["traceback"]) == 16 * 1024


@pytest.mark.parametrize(
    ("kind", "target", "said"),
    [
        ("filter", "unheard", "no handler for the hook 'unheard'"),
        ("endpoint", "GET /none", "no handler for 'GET /none'"),
        ("socket", "/ws/none", "no handler for the WebSocket '/ws/none'"),
        ("dance", "tango", "calls of kind 'dance' are not known here"),
    ],
)
def test_unknown_targets_are_named(caller: Conversation, kind: str, target: str, said: str) -> None:
    reply = caller.call(kind, target, {})
    assert isinstance(reply, Failure)
    assert (reply.code, reply.message, reply.details) == (codes.UNKNOWN_TARGET, said, {})


def test_the_loader_reports_hooks_with_the_meaning_of_none(tmp_path: Path) -> None:
    source = """
    class Sample(Plugin):
        @hook("message_sent")
        def a(self, m) -> Optional[dict]: ...
        @hook("channel_join")
        def b(self, m): ...
        @endpoint("/x/{y}", methods=["GET", "POST"])
        def c(self, r):
            '''Say hello.'''
        @websocket_endpoint("/ws")
        def d(self, w): ...
    """
    with alive(write_plugin(tmp_path, source)) as child:
        loaded = child.load()
    hooks = [(each.name, each.on_none) for each in loaded.hooks]
    assert hooks == [("message_sent", "block"), ("channel_member_joined", "allow")]
    assert [(each.path, each.methods, each.summary) for each in loaded.endpoints] == [
        ("/x/{y}", ["GET", "POST"], "Say hello.")
    ]
    assert [each.path for each in loaded.sockets] == ["/ws"]
