"""A handler that always fails: five tries, dead letters, one problem, and a retry once mended."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from plexichat.chat import services as chat
from plugin_runtime.events import drain
from plugins_registry import services
from plugins_registry.models import Delivery, Problem
from tests.platform import Platform
from tests.runtime.test_events import heard
from tests.waiting import wait_for

pytestmark = pytest.mark.backends
EVENTS = 60
DEAD = "dead:message_edited"
Post = Callable[[str], Any]


@pytest.fixture
def failed(platform: Platform, post: Post, settings: Any) -> None:
    """A plugin that failed at every event it was told until all of them were dead."""
    settings.PLEXICHAT_DELIVERY_BACKOFF_SECONDS = 0  # every next try is due at once
    platform.install("stumbles")
    said = post("hello")
    for number in range(EVENTS):
        chat.edit_message(platform.person(), said.public_id, content=f"fail {number}")
    drain.drain("stumbles")


def retry() -> dict[str, Any]:
    """What an admin types once the plugin is mended."""
    said = StringIO()
    call_command("plugin", "deliveries", "stumbles", "--retry", "--json", stdout=said)
    answer: dict[str, Any] = json.loads(said.getvalue())
    return answer


@pytest.mark.usefixtures("failed")
def test_each_event_is_dead_after_five_tries_and_all_are_one_problem() -> None:
    states = Delivery.objects.values_list("state", "attempts")
    assert set(states) == {("dead", 5)}
    assert len(states) == EVENTS

    problem = Problem.objects.get(plugin__name="stumbles", key=DEAD)

    assert problem.count == EVENTS
    assert "I stumbled over this" in problem.message
    assert "plugin.py" in problem.details["traceback"]
    assert Problem.objects.filter(plugin__name="stumbles").count() == 1


@pytest.mark.usefixtures("failed")
def test_what_was_dead_is_delivered_once_the_plugin_is_mended() -> None:
    services.configure("stumbles", {"mended": True})
    wait_for(lambda: heard("stumbles") == ["mended"], what="the new configuration")

    assert retry() == {"retried": EVENTS}
    drain.drain("stumbles")

    assert heard("stumbles")[1:] == [f"fail {number}" for number in range(EVENTS)]
    assert set(Delivery.objects.values_list("state", flat=True)) == {"done"}
    assert Problem.objects.get(plugin__name="stumbles", key=DEAD).count == EVENTS


@pytest.mark.usefixtures("failed")
def test_a_retry_of_what_still_fails_is_counted_and_nothing_more() -> None:
    assert retry() == {"retried": EVENTS}
    drain.drain("stumbles")

    assert set(Delivery.objects.values_list("state", flat=True)) == {"dead"}
    assert Problem.objects.get(plugin__name="stumbles", key=DEAD).count == 2 * EVENTS
    assert heard("stumbles") == []
