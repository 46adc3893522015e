"""Polls are opened, voted on, and watched while votes come in."""

from collections.abc import Callable
from typing import Any

import pytest

from plexichat_plugin_sdk.exceptions import WebSocketClosed
from plexichat_plugin_sdk.testing import MockContext


@pytest.fixture
def context(plexichat: Callable[..., MockContext], plugin_class: Any) -> MockContext:
    """Polls, loaded with room for two of them."""
    made = plexichat(name="polls", config={"max_options": 3, "max_open_polls": 2})
    made.load(plugin_class)
    return made


def opened(context: MockContext, question: str = "Tea?") -> str:
    """Open a poll and return its id."""
    body = {"question": question, "options": ["yes", "no"]}
    answer = context.request("POST", "/api/v1/polls", json=body)
    assert answer.status == 201
    return str(answer.json()["poll_id"])


def test_everybodys_newest_vote_counts(context: MockContext) -> None:
    path = f"/api/v1/polls/{opened(context)}"
    for user, option in (("ada", 0), ("bob", 1), ("ada", 1)):
        assert (
            context.request("POST", f"{path}/vote", user=user, json={"option": option}).status
            == 200
        )
    shown = context.request("GET", path).json()
    assert (shown["total"], [each["votes"] for each in shown["options"]]) == (2, [0, 2])


def test_all_that_is_wrong_is_said_at_once(context: MockContext) -> None:
    answer = context.request("POST", "/api/v1/polls", json={"question": "", "options": ["one"]})
    assert answer.status == 400
    assert "question" in answer.json()["detail"]
    assert "2 to 3 texts" in answer.json()["detail"]


@pytest.mark.parametrize("option", [2, -1, "0", True, None])
def test_only_options_that_are_there_can_be_chosen(context: MockContext, option: Any) -> None:
    path = f"/api/v1/polls/{opened(context)}/vote"
    assert context.request("POST", path, json={"option": option}).status == 400


def test_the_oldest_poll_makes_room(context: MockContext) -> None:
    first, *_ = [opened(context, str(at)) for at in range(3)]
    assert context.request("GET", f"/api/v1/polls/{first}").status == 404


def test_who_watches_sees_votes_come_in(context: MockContext) -> None:
    poll = opened(context)
    with context.connect(f"/ws/polls/{poll}", user="ada") as socket:
        assert socket.receive_json()["total"] == 0
        context.request("POST", f"/api/v1/polls/{poll}/vote", user="bob", json={"option": 1})
        assert socket.receive_json()["total"] == 1
    assert socket.error is None


def test_there_is_nothing_to_watch_where_no_poll_is(context: MockContext) -> None:
    with context.connect("/ws/polls/nowhere") as socket, pytest.raises(WebSocketClosed):
        socket.receive_json()
    assert socket.closed == (4404, "no such poll")


def test_nobody_votes_without_login(context: MockContext) -> None:
    path = f"/api/v1/polls/{opened(context)}/vote"
    assert context.request("POST", path, user=None, json={"option": 0}).status == 401
