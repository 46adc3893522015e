"""Plugins that misbehave: the chat goes on, they are stopped with a reason, neighbours live.

Each sample in `tests/plugins` misbehaves in one way, in a real sandbox.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.platform import Platform

Post = Callable[[str], Any]


def test_a_plugin_that_exits_is_started_again(platform: Platform, post: Post) -> None:
    platform.install("exits")

    assert post("hello").content == "hello"

    ended = platform.wait_for_state("exits", "backing_off")
    assert "status 3" in ended.reason
    assert "message_sent" in ended.reason
    platform.wait_for_state("exits", "active")


def test_a_plugin_that_keeps_exiting_is_quarantined(platform: Platform, post: Post) -> None:
    platform.install("exits")

    for _ in range(2):
        post("hello")
        platform.wait_for_state("exits", "backing_off")
        platform.wait_for_state("exits", "active")
    post("hello")

    assert "status 3" in platform.wait_for_state("exits", "quarantined").reason
    assert post("the chat goes on").content == "the chat goes on"


def test_a_raising_plugin_stays_alive(platform: Platform, post: Post) -> None:
    name = platform.install("raises")

    post("hello")

    assert platform.plugin(name).state == "active"


def test_a_plugin_that_hangs_in_on_load_is_given_up(platform: Platform, settings: Any) -> None:
    settings.PLEXICHAT_PLUGIN_LOAD_SECONDS = 0.5

    platform.install("hangs_on_load", wait="quarantined")

    assert "did not load within 0.5 s" in platform.plugin("hangs_on_load").reason


def test_a_plugin_that_raises_in_on_load_shows_its_traceback(platform: Platform) -> None:
    platform.install("raises_on_load", wait="quarantined")

    plugin = platform.plugin("raises_on_load")
    assert "no luck today" in plugin.reason
    assert "plugin.py" in plugin.stack


def test_a_looping_filter_costs_its_deadline_and_is_stopped(
    platform: Platform, post: Post, settings: Any
) -> None:
    settings.PLEXICHAT_PLUGIN_OVERRUN_SECONDS = 0.5
    platform.install("loops", deadline_ms=300)

    began = time.monotonic()
    said = post("hello")

    assert said.content == "hello"
    assert time.monotonic() - began < 2.0
    ended = platform.wait_for_state("loops", "backing_off")
    assert "'message_sent' still ran" in ended.reason
    assert "while True" in ended.stack or "in loop" in ended.stack


def test_a_plugin_that_eats_memory_meets_its_limit(platform: Platform, post: Post) -> None:
    platform.install("eats_memory", deadline_ms=10_000)

    assert post("hello").content == "hello"

    ended = platform.wait_for_state("eats_memory", "backing_off")
    assert "memory limit 128Mi reached" in ended.reason
    assert "message_sent" in ended.reason


@pytest.mark.parametrize(
    ("attempt", "outcome"),
    [
        pytest.param("read", "PermissionError|FileNotFoundError", id="reading /etc/passwd"),
        pytest.param("connect", "PermissionError", id="connecting to 127.0.0.1"),
        pytest.param("fork", "PermissionError", id="forking"),
        pytest.param("kill", "PermissionError", id="killing its parent"),
    ],
)
def test_what_no_plugin_may_do_is_denied(
    platform: Platform, post: Post, attempt: str, outcome: str
) -> None:
    platform.install("reaches_out")

    said = post(attempt)

    assert said.metadata["outcome"] in outcome.split("|")
    assert platform.plugin("reaches_out").state == "active"


def test_neighbours_notice_nothing(platform: Platform, post: Post, settings: Any) -> None:
    settings.PLEXICHAT_PLUGIN_OVERRUN_SECONDS = 0.5
    platform.install("shouts", priority=200)
    neighbour = platform.pid_of("shouts")
    for name in ("exits", "loops", "raises", "eats_memory"):
        platform.install(name, deadline_ms=500)

    said = post("hello")

    assert said.content == "HELLO"
    assert platform.plugin("shouts").state == "active"
    assert platform.pid_of("shouts") == neighbour
