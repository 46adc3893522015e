"""What filters may do to a message on its way."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from plexichat.chat import events, services
from plexichat.chat.models import Channel, Message, User
from tests.chat.conftest import ClientOf

pytestmark = [pytest.mark.django_db, pytest.mark.backends]
Payload = dict[str, Any]


def _post(client: Any, channel: Channel, **facts: Any) -> Any:
    wish = {"content": "hello", **facts}
    return client.post(f"/api/v1/channels/{channel.public_id}/messages", wish, format="json")


def test_a_filter_sees_the_whole_message_before_it_is_stored(
    bob: User, public: Channel, client_of: ClientOf
) -> None:
    seen: list[Payload] = []

    def consult(message: Payload) -> Payload:
        seen.append({**message, "stored": Message.objects.exists()})
        return message

    events.set_consultant(consult)
    answer = _post(client_of(bob), public, metadata={"a": 1}).json()
    del answer["edit_time"]
    assert seen == [{**answer, "stored": False}]


def test_what_a_filter_returns_is_stored(bob: User, public: Channel, client_of: ClientOf) -> None:
    events.set_consultant(
        lambda message: {
            **message,
            "content": "HELLO",
            "message_type": "loud",
            "metadata": {"by": "filter"},
            "message_id": "mine",
            "user_id": "mine",
            "channel_id": "mine",
            "timestamp": "1970",
        }
    )
    body = _post(client_of(bob), public).json()
    said = Message.objects.get()
    assert (said.content, said.message_type) == ("HELLO", "loud")
    assert said.metadata == {"by": "filter"}
    assert (body["message_id"], body["user_id"]) == (said.public_id, bob.public_id)


def test_a_blocked_message_is_not_stored(bob: User, public: Channel, client_of: ClientOf) -> None:
    def consult(message: Payload) -> Payload:
        raise events.Blocked("no shouting", "moderation")

    events.set_consultant(consult)
    answer = _post(client_of(bob), public)
    assert answer.status_code == 422
    assert answer.json() == {"code": "message_blocked", "detail": "no shouting"}
    assert not Message.objects.exists()


def test_a_message_that_could_not_be_checked_is_not_stored(
    bob: User, public: Channel, client_of: ClientOf
) -> None:
    def consult(message: Payload) -> Payload:
        raise events.FilterUnavailable("moderation")

    events.set_consultant(consult)
    answer = _post(client_of(bob), public)
    assert (answer.status_code, answer.json()["code"]) == (503, "filter_unavailable")
    assert "moderation" not in answer.json()["detail"]
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({"content": ""}, id="empty"),
        pytest.param({"content": None}, id="no text"),
        pytest.param({"content": "x" * 9000}, id="too long"),
        pytest.param({"metadata": {"a": float("nan")}}, id="not a number"),
        pytest.param({"metadata": {1: 2}}, id="key no text"),
        pytest.param({"metadata": {"a": b"bytes"}}, id="not JSON"),
        pytest.param({"message_type": "\x00"}, id="NUL"),
    ],
)
def test_a_filter_cannot_make_the_chat_store_nonsense(
    bob: User, public: Channel, client_of: ClientOf, facts: Payload
) -> None:
    events.set_consultant(lambda message: {**message, **facts})
    answer = _post(client_of(bob), public)
    assert (answer.status_code, answer.json()["code"]) == (503, "filter_unavailable")
    assert not Message.objects.exists()


def test_consultants_can_ask_what_the_chat_will_refuse() -> None:
    message = {"content": "hi", "message_type": "text", "metadata": {}}
    assert events.problems(message) == {}
    assert events.problems({**message, "content": " "}).keys() == {"content"}


def test_filters_are_asked_about_edits_too(bob: User, public: Channel) -> None:
    said = services.post_message(bob, public.public_id, content="helo", metadata={"a": 1})
    seen: list[Payload] = []

    def consult(message: Payload) -> Payload:
        seen.append(message)
        return {**message, "content": "edited and filtered"}

    events.set_consultant(consult)
    edited = services.edit_message(bob, said.public_id, content="hello")
    assert (seen[0]["message_id"], seen[0]["content"]) == (said.public_id, "hello")
    assert (seen[0]["is_edit"], seen[0]["metadata"]) == (True, {"a": 1})
    assert edited.content == "edited and filtered"


def test_a_blocked_edit_leaves_the_message_as_it_was(
    bob: User, public: Channel, client_of: ClientOf
) -> None:
    said = services.post_message(bob, public.public_id, content="nice")

    def consult(message: Payload) -> Payload:
        raise events.Blocked

    events.set_consultant(consult)
    path = f"/api/v1/messages/{said.public_id}"
    answer = client_of(bob).patch(path, {"content": "rude"}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (422, "message_blocked")
    assert answer.json()["detail"]
    assert Message.objects.get().content == "nice"


def test_a_message_deleted_while_filters_look_at_its_edit_stays_deleted(
    bob: User, public: Channel, client_of: ClientOf
) -> None:
    said = services.post_message(bob, public.public_id, content="nice")

    def consult(message: Payload) -> Payload:
        services.delete_message(bob, said.public_id)
        return message

    events.set_consultant(consult)
    path = f"/api/v1/messages/{said.public_id}"
    assert client_of(bob).patch(path, {"content": "back"}, format="json").status_code == 404
    assert Message.objects.get().content == ""


@pytest.mark.django_db(transaction=True)
def test_filters_are_asked_outside_any_transaction(bob: User, public: Channel) -> None:
    inside: list[bool] = []

    def consult(message: Payload) -> Payload:
        inside.append(connection.in_atomic_block)
        return message

    events.set_consultant(consult)
    said = services.post_message(bob, public.public_id, content="hello")
    services.edit_message(bob, said.public_id, content="hello again")
    assert inside == [False, False]
