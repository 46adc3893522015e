"""The message path: filters asked in their order, their answers applied, their failures borne."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from plexichat.chat import events
from plexichat.chat import services as chat
from tests.platform import BUNDLED, Platform, queries_of
from tests.waiting import wait_for

pytestmark = pytest.mark.backends
Post = Callable[[str], Any]


def test_a_filter_changes_a_message(platform: Platform, post: Post) -> None:
    platform.install("shouts")

    assert post("hello").content == "HELLO"


def test_unknown_keys_are_kept_in_the_metadata(platform: Platform, post: Post) -> None:
    platform.install("shouts")

    assert post("hello").metadata == {"shouted": True}


def test_without_plugins_a_message_stays_as_it_is(platform: Platform, post: Post) -> None:
    assert post("hello").content == "hello"


def test_an_edit_is_asked_too(platform: Platform, post: Post) -> None:
    said = post("hello")
    platform.install("shouts")

    edited = chat.edit_message(platform.person(), said.public_id, content="hello again")

    assert edited.content == "HELLO AGAIN"


def test_a_filter_blocks_with_its_reason(platform: Platform, post: Post) -> None:
    platform.install(BUNDLED / "moderation")

    with pytest.raises(events.Blocked, match="'viagra' is not welcome") as refusal:
        post("buy viagra now")
    assert refusal.value.plugin == "moderation"


def test_filters_are_asked_by_priority_then_name(platform: Platform, post: Post) -> None:
    code = """
        from plexichat_plugin_sdk import Plugin, hook

        class Signs(Plugin):
            @hook("message_sent")
            def sign(self, message):
                message["content"] += " " + self.name
                return message
    """
    platform.install(platform.write("second", code), priority=20)
    platform.install(platform.write("third", code), priority=30)
    platform.install(platform.write("first", code), priority=10)

    assert post("asked:").content == "asked: first second third"


def test_identity_keys_cannot_be_changed(platform: Platform, post: Post) -> None:
    code = """
        from plexichat_plugin_sdk import Plugin, hook

        class Forges(Plugin):
            @hook("message_sent")
            def forge(self, message):
                return {**message, "user_id": "somebody else", "content": "forged"}
    """
    name = platform.install(platform.write("forges", code))

    said = post("genuine")

    assert said.author == platform.person()
    assert said.content == "forged"
    problem = wait_for(lambda: platform.plugin(name).problems.first(), what="a problem")
    assert "'user_id'" in problem.message


def test_what_a_filter_returns_must_be_a_message(platform: Platform, post: Post) -> None:
    code = """
        from plexichat_plugin_sdk import Plugin, hook

        class Numbers(Plugin):
            @hook("message_sent")
            def number(self, message):
                return {**message, "content": 42}
    """
    platform.install(platform.write("numbers", code))

    assert post("still text").content == "still text"


def test_a_message_made_too_long_does_not_pass(platform: Platform, post: Post) -> None:
    code = """
        from plexichat_plugin_sdk import Plugin, hook

        class Swells(Plugin):
            @hook("message_sent")
            def swell(self, message):
                return {**message, "content": "x" * 1_000_000}
    """
    platform.install(platform.write("swells", code))

    assert post("short").content == "short"


def test_a_raising_filter_with_an_open_policy_lets_the_message_pass(
    platform: Platform, post: Post
) -> None:
    name = platform.install("raises")

    assert post("hello").content == "hello"
    problem = wait_for(lambda: platform.plugin(name).problems.first(), what="a problem")
    assert "plugin.py" in problem.details["traceback"]


def test_a_raising_filter_with_a_closed_policy_refuses_the_message(
    platform: Platform, post: Post
) -> None:
    platform.install("raises", fail_policy="closed")

    with pytest.raises(events.FilterUnavailable):
        post("hello")


def test_a_closed_filter_that_is_not_running_refuses_the_message(
    platform: Platform, post: Post
) -> None:
    platform.install("shouts", fail_policy="closed")
    platform.supervisor.stop()

    with pytest.raises(events.FilterUnavailable):
        post("hello")


def test_asking_a_filter_costs_no_query(platform: Platform, post: Post) -> None:
    without = queries_of(post)
    platform.install("noop")

    assert queries_of(post) == without


def test_a_changed_message_costs_its_trace(platform: Platform, post: Post) -> None:
    without = queries_of(post)
    platform.install("shouts")

    assert queries_of(post) == without + 1
