"""The bundled plugins, active from the first start."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from websockets.sync.client import connect

from tests.acceptance.conftest import Person, Server

pytestmark = pytest.mark.slow


def say(person: Person, channel: str, content: str) -> tuple[int, dict[str, object]]:
    answer = person.api.post(f"/channels/{channel}/messages", json={"content": content})
    return answer.status_code, answer.json()


@pytest.mark.parametrize("name", ["moderation", "polls", "welcome"])
def test_it_is_active(server: Server, name: str) -> None:
    assert server.shown(name)["state"] == "active"


def test_moderation_masks_and_blocks(ada: Person, lobby: str) -> None:
    masked = say(ada, lobby, "what a darn day")
    blocked = say(ada, lobby, "cheap viagra here")

    assert masked[1]["content"] == "what a **** day"
    assert (blocked[0], blocked[1]["code"]) == (422, "message_blocked")


def test_moderation_follows_its_configuration(server: Server, ada: Person, lobby: str) -> None:
    assert say(ada, lobby, "see https://example.org/x")[0] == 201

    server.command("plugin", "config", "moderation", "--set", 'links="block"')
    try:
        refused = say(ada, lobby, "see https://example.org/x")
    finally:
        server.command("plugin", "config", "moderation", "--set", 'links="allow"')

    assert refused[0] == 422
    assert "example.org" in str(refused[1]["detail"])


def test_welcome_greets_once(ada: Person, lobby: str) -> None:
    first, second = say(ada, lobby, "hello"), say(ada, lobby, "hello again")

    assert "welcome" in first[1]["metadata"]  # type: ignore[operator] -- JSON
    assert "welcome" not in second[1]["metadata"]  # type: ignore[operator] -- JSON


def test_polls_show_votes_live(server: Server, ada: Person, join: Callable[[], Person]) -> None:
    poll = ada.api.post("/polls", json={"question": "Tea?", "options": ["yes", "no"]}).json()
    bob = join()

    with connect(
        f"ws://{server.address}/ws/polls/{poll['poll_id']}",
        additional_headers={"Authorization": f"Bearer {ada.token}"},
    ) as socket:
        before = json.loads(socket.recv(timeout=10))
        bob.api.post(f"/polls/{poll['poll_id']}/vote", json={"option": 1})
        after = json.loads(socket.recv(timeout=10))

    assert (before["total"], after["total"]) == (0, 1)
    assert after["options"][1] == {"text": "no", "votes": 1}


def test_polls_say_all_that_is_wrong(ada: Person) -> None:
    answer = ada.api.post("/polls", json={"question": "", "options": ["only one"]})

    assert answer.status_code == 400
    assert "question" in answer.json()["detail"]
    assert "options" in answer.json()["detail"]
