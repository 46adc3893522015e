"""A fresh start without a gap: the old sandbox serves until the new one is in charge."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from plexichat_plugin_sdk._wire.conversation import Call, Close
from plugin_runtime import conversations
from plugins_registry import services, waiting
from plugins_registry.models import Problem
from plugins_registry.waiting import WaitEnded
from tests.platform import Platform
from tests.waiting import wait_for

pytestmark = pytest.mark.backends

#: Says which start it is of; loads slowly, or not at all, when its configuration says so.
CODE = """
import os, time
from plexichat_plugin_sdk import Plugin, endpoint, websocket_endpoint

class Two(Plugin):
    def on_load(self, context):
        time.sleep(context.config["load_seconds"])
        if context.config["fails"]:
            raise RuntimeError("not today")
        self.start = os.urandom(8).hex()

    @endpoint("/api/v1/two")
    def answer(self, request):
        return self.start

    @endpoint("/api/v1/two/slow")
    def slow(self, request):
        time.sleep(1.0)
        return self.start

    @websocket_endpoint("/ws/two")
    def listen(self, websocket):
        while True:
            websocket.send_json(websocket.receive_json())
"""
SETTINGS = "settings: {load_seconds: 0.0, fails: false}"


def ask(path: str = "/api/v1/two") -> str:
    payload = {"user_id": "u", "method": "GET", "path": path}
    answer = conversations.call("two", "endpoint", f"GET {path}", payload, deadline_ms=5000)
    return str(answer[2])


@pytest.fixture
def first(platform: Platform) -> str:
    """Which start of the plugin is running."""
    platform.install(platform.write("two", CODE, manifest=SETTINGS))
    return ask()


@contextmanager
def asking() -> Iterator[list[str]]:
    """A caller that never stops; what it was answered."""
    answers: list[str] = []
    over = threading.Event()

    def ask_on() -> None:
        while not over.is_set():
            try:
                answers.append(ask())
            except Exception as error:
                answers.append(repr(error))

    caller = threading.Thread(target=ask_on)
    caller.start()
    try:
        yield answers
    finally:
        over.set()
        caller.join()


def other_than(first: str, answers: list[str]) -> str:
    return wait_for(
        lambda: next((each for each in answers[-1:] if each != first), ""), what="another answer"
    )


def test_no_call_fails_while_a_plugin_restarts(platform: Platform, first: str) -> None:
    services.configure("two", {"load_seconds": 0.5})
    pid = platform.pid_of("two")
    with asking() as answers:
        services.restart("two")
        second = other_than(first, answers)
        wait_for(lambda: not Path(f"/proc/{pid}").exists(), what="the old one's end")
    assert set(answers) == {first, second}
    waiting.wait_until_active("two", seconds=10)


def test_a_call_that_runs_comes_to_its_end(platform: Platform, first: str) -> None:
    answers: list[str] = []
    caller = threading.Thread(target=lambda: answers.append(ask("/api/v1/two/slow")))
    caller.start()
    services.restart("two")
    wait_for(lambda: ask() != first, what="the new one")
    caller.join()
    assert answers == [first]


def test_what_does_not_start_takes_nothing_away(platform: Platform, first: str) -> None:
    services.configure("two", {"fails": True})
    with asking() as answers:
        services.restart("two")
        with pytest.raises(WaitEnded, match=r"release 1\.0\.0 goes on: 1\.0\.0 did not start"):
            waiting.wait_until_active("two", seconds=20)
    assert set(answers) == {first}
    plugin = platform.plugin("two")
    assert plugin.state == "active"
    assert "not today" in plugin.stack
    assert "goes on" in wait_for(
        lambda: Problem.objects.filter(key="successor").values_list("message", flat=True).first(),
        what="a problem",
    )
    services.configure("two", {"fails": False})
    services.restart("two")
    waiting.wait_until_active("two", seconds=20)
    wait_for(lambda: ask() != first, what="the new one")


def test_disabling_in_the_middle_ends_both(platform: Platform, first: str) -> None:
    services.configure("two", {"load_seconds": 1.0})
    services.restart("two")
    services.disable("two")
    platform.wait_for_state("two", "stopped")
    wait_for(lambda: platform.supervisor.pids == {}, what="no process")


def test_clients_of_sockets_are_asked_to_connect_again(platform: Platform, first: str) -> None:
    async def listen() -> Close:
        conversation = await conversations.open_socket("two")
        try:
            await conversation.send(Call(1, "socket", "/ws/two", {"user_id": "u"}, 0))
            await asyncio.to_thread(services.restart, "two")
            ended = await asyncio.wait_for(conversation.receive(), timeout=20)
            assert isinstance(ended, Close)
            return ended
        finally:
            conversation.close()

    ended = asyncio.run(listen())
    assert (ended.code, ended.reason) == (1012, "the plugin restarts; connect again")


def test_a_successor_that_dies_is_started_again(platform: Platform, first: str) -> None:
    services.restart("two")
    wait_for(lambda: ask() != first, what="the new one")
    second = ask()
    platform.kill("two")
    wait_for(lambda: platform.plugin("two").state != "active", what="its end noticed")
    platform.wait_for_state("two", "active")
    assert ask() not in (first, second)
