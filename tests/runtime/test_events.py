"""Events: written with the fact, told in order, tried again, never lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from plexichat.chat import services as chat
from plugin_runtime import conversations
from plugin_runtime.events import drain
from plugins_registry import queries, services
from plugins_registry.models import Delivery, Event
from tests.platform import Platform, queries_of
from tests.waiting import wait_for

pytestmark = pytest.mark.backends
Post = Callable[[str], Any]


def heard(plugin: str) -> Any:
    """What a plugin remembers of what it was told."""
    request = {"user_id": "u", "method": "GET", "path": "/", "path_params": {}}
    request |= {"params": {}, "headers": {}, "body": None, "files": {}}
    target = f"GET /api/v1/{plugin}"
    return conversations.call(plugin, "endpoint", target, request, deadline_ms=5000)[2]


def test_a_fact_reaches_its_listener(platform: Platform, post: Post) -> None:
    platform.install("listens")
    said = post("hello")

    chat.edit_message(platform.person(), said.public_id, content="hello again")
    drain.drain("listens")

    hook, data, event_id, attempt, _ = heard("listens")[-1]
    assert (hook, data["new_content"], attempt) == ("message_edited", "hello again", 1)
    assert event_id


def test_nobody_listening_costs_nothing(platform: Platform, post: Post) -> None:
    without = queries_of(post)
    platform.install("noop")

    assert queries_of(post) == without
    assert not Event.objects.exists()


def test_a_message_is_received_once_by_each_other_member(platform: Platform) -> None:
    channel = platform.channel()
    people = [platform.person(name) for name in ("bob", "cleo", "dan")]
    for person in people:
        chat.add_member(person, channel.public_id, user_id=person.public_id)
    platform.install("listens")

    chat.post_message(platform.person(), channel.public_id, content="hello")
    drain.drain("listens")

    received = [fact for fact in heard("listens") if fact[0] == "message_received"]
    assert {fact[4] for fact in received} == {person.public_id for person in people}
    assert len(received) == 3
    assert Event.objects.filter(hook="message_received").count() == 1


def test_a_large_channel_is_one_row_and_a_handful_of_calls(
    platform: Platform, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.PLEXICHAT_EVENT_BATCH = 20
    channel = platform.channel()
    for number in range(50):
        person = platform.person(f"member{number}")
        chat.add_member(person, channel.public_id, user_id=person.public_id)
    platform.install("listens")
    calls: list[int] = []
    real = conversations.call

    def counted(plugin: str, kind: str, target: str, payload: Any, **more: Any) -> Any:
        calls.append(len(payload))
        return real(plugin, kind, target, payload, **more)

    monkeypatch.setattr(conversations, "call", counted)
    chat.post_message(platform.person(), channel.public_id, content="hello")
    drain.drain("listens")
    monkeypatch.undo()

    assert calls == [20, 20, 10]
    assert len({fact[4] for fact in heard("listens")}) == 50


def test_a_failing_event_steps_aside_for_those_behind_it(platform: Platform, post: Post) -> None:
    platform.install("stumbles")
    said = post("hello")
    for content in ("one", "fail here", "two"):
        chat.edit_message(platform.person(), said.public_id, content=content)

    drain.drain("stumbles")

    assert heard("stumbles") == ["one", "two"]
    waiting = Delivery.objects.get(state="waiting")
    assert "I stumbled over this" in waiting.error
    assert "plugin.py" in waiting.traceback


def test_an_event_the_plugin_dies_of_is_found_and_does_not_stop_the_others(
    platform: Platform, post: Post
) -> None:
    platform.install("stumbles")
    said = post("hello")
    for content in ("one", "die here", "two"):
        chat.edit_message(platform.person(), said.public_id, content=content)

    def is_told() -> bool:
        drain.drain("stumbles")
        waiting = Delivery.objects.filter(state="waiting", attempts=0)
        return not waiting.exists()

    wait_for(is_told, seconds=30, what="all but the culprit told")
    platform.wait_for_state("stumbles", "active")
    assert Delivery.objects.filter(state="done").count() == 2
    assert Delivery.objects.get(state="waiting").attempts == 1


def test_a_fact_that_is_rolled_back_is_told_to_nobody(platform: Platform, post: Post) -> None:

    platform.install("listens")
    said = post("hello")

    with transaction.atomic():
        chat.edit_message(platform.person(), said.public_id, content="never")
        transaction.set_rollback(True)

    assert not Event.objects.filter(hook="message_edited").exists()


def test_a_disabled_plugins_queue_waits(platform: Platform, post: Post) -> None:
    platform.install("listens")
    said = post("hello")
    chat.edit_message(platform.person(), said.public_id, content="owed")
    services.disable("listens")
    platform.wait_for_state("listens", "stopped")
    drain.drain("listens")
    assert Delivery.objects.filter(state="waiting").exists()

    services.enable("listens")
    platform.wait_for_state("listens", "active")
    drain.drain("listens")

    assert "owed" in {fact[1].get("new_content") for fact in heard("listens")}


def test_a_custom_hook_reaches_the_others_and_not_its_emitter(platform: Platform) -> None:
    code = """
        from plexichat_plugin_sdk import Plugin, emit_hook, endpoint, hook

        class Emits(Plugin):
            heard = []

            @hook("listens_wanted")
            def on_own(self, data):
                self.heard.append(data)

            @endpoint("/api/v1/emits")
            def emit(self, request):
                emit_hook("listens_wanted", {"number": 7})
                return self.heard
    """
    platform.install(platform.write("emits", code))
    platform.install("listens")

    heard("emits")
    for name in ("emits", "listens"):
        drain.drain(name)

    assert [fact[:2] for fact in heard("listens")] == [["listens_wanted", {"number": 7}]]
    assert heard("emits") == []


def test_others_hear_of_a_failure_without_what_it_said(platform: Platform, post: Post) -> None:
    platform.install("listens")
    platform.install("raises")

    post("a secret")
    wait_for(lambda: Event.objects.filter(hook="plugin_error").exists(), what="plugin_error")
    drain.drain("listens")

    data = next(fact[1] for fact in heard("listens") if fact[0] == "plugin_error")
    assert (data["plugin"], data["hook"]) == ("raises", "message_sent")
    assert "a secret" not in str(data)


def test_a_shadowed_filter_is_asked_later_and_changes_nothing(
    platform: Platform, post: Post
) -> None:
    platform.install("shouts")
    services.set_mode("shouts", "shadow")
    platform.wait_for_state("shouts", "active")

    said = post("hello")
    drain.drain("shouts")

    assert said.content == "hello"
    (trace,) = queries.message_trace(said.public_id)
    assert (trace.verdict, trace.applied, trace.after["content"]) == ("replace", False, "HELLO")


def test_who_touched_a_message_is_known(platform: Platform, post: Post) -> None:
    platform.install("shouts")

    said = post("hello")

    (trace,) = queries.message_trace(said.public_id)
    assert (trace.plugin, trace.verdict, trace.applied) == ("shouts", "replace", True)
    assert (trace.before["content"], trace.after["content"]) == ("hello", "HELLO")


def test_the_message_path_does_not_wait_for_a_shadow(platform: Platform, post: Post) -> None:
    platform.install("shouts", fail_policy="closed")
    services.set_mode("shouts", "shadow")
    platform.supervisor.stop()  # whoever asked it now would be refused

    assert post("hello").content == "hello"
