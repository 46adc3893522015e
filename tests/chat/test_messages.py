"""Messages over REST."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from plexichat.chat import services
from plexichat.chat.models import Channel, Message, User
from tests.chat.conftest import ClientOf, MakeChannel

pytestmark = [pytest.mark.django_db, pytest.mark.backends]


def _messages(channel: Channel) -> str:
    return f"/api/v1/channels/{channel.public_id}/messages"


def test_a_message_is_stored_as_it_was_said(
    bob: User, public: Channel, client_of: ClientOf
) -> None:
    client = client_of(bob)
    wish = {"content": "  hé \U0001f600\n", "message_type": "file", "metadata": {"size": [1, None]}}
    answer = client.post(_messages(public), wish, format="json")
    body = answer.json()
    assert answer.status_code == 201
    assert {key: body[key] for key in wish} == wish
    assert (body["user_id"], body["channel_id"]) == (bob.public_id, public.public_id)
    assert client.get(_messages(public)).json() == {"messages": [body], "next_before": None}


@pytest.mark.parametrize(
    ("field", "facts"),
    [
        pytest.param("content", {}, id="nothing"),
        pytest.param("content", {"content": " \n"}, id="only space"),
        pytest.param("content", {"content": "a\x00"}, id="NUL"),
        pytest.param("content", {"content": "x" * 8001}, id="too long"),
        pytest.param("content", {"content": {"a": 1}}, id="no text"),
        pytest.param("message_type", {"content": "x", "message_type": "a b"}, id="two words"),
        pytest.param("metadata", {"content": "x", "metadata": [1]}, id="metadata no object"),
        pytest.param("metadata", {"content": "x", "metadata": {"a": "\x00"}}, id="metadata NUL"),
        pytest.param("metadata", {"content": "x", "metadata": {"a": "x" * 20000}}, id="large"),
    ],
)
def test_a_message_that_cannot_be_stored_is_refused(
    bob: User, public: Channel, client_of: ClientOf, field: str, facts: dict[str, Any]
) -> None:
    answer = client_of(bob).post(_messages(public), facts, format="json")
    assert answer.status_code == 400
    assert answer.json()["errors"].keys() == {field}
    assert not Message.objects.exists()


def test_lone_surrogates_are_refused(bob: User, public: Channel, client_of: ClientOf) -> None:
    body = rb'{"content": "x", "metadata": {"\ud800": 1}}'
    answer = client_of(bob).post(_messages(public), body, content_type="application/json")
    assert answer.status_code == 400


def test_reading_a_public_channel_needs_no_membership_but_posting_does(
    bob: User, eve: User, public: Channel, client_of: ClientOf
) -> None:
    services.post_message(bob, public.public_id, content="hello")
    client = client_of(eve)
    assert len(client.get(_messages(public)).json()["messages"]) == 1
    refused = client.post(_messages(public), {"content": "hi"}, format="json")
    assert (refused.status_code, refused.json()["code"]) == (403, "not_a_member")
    services.add_member(eve, public.public_id)
    assert client.post(_messages(public), {"content": "hi"}, format="json").status_code == 201


def test_who_was_removed_posts_no_more(
    ann: User, bob: User, private: Channel, client_of: ClientOf
) -> None:
    services.remove_member(ann, private.public_id, bob.public_id)
    answer = client_of(bob).post(_messages(private), {"content": "still here?"}, format="json")
    assert answer.status_code == 404


def test_messages_come_in_pages_newest_first(
    bob: User, public: Channel, make_channel: MakeChannel, client_of: ClientOf
) -> None:
    elsewhere = make_channel(name="elsewhere")
    said = [
        services.post_message(bob, place.public_id, content=f"number {number}").public_id
        for number in range(5)
        for place in (public, elsewhere)
    ][::2]
    client, ids, before = client_of(bob), [], ""
    while True:
        page = client.get(f"{_messages(public)}?limit=2{before}").json()
        ids += [message["message_id"] for message in page["messages"]]
        if page["next_before"] is None:
            break
        before = f"&before={page['next_before']}"
    assert ids == said[::-1]


def test_a_deleted_message_still_works_as_a_cursor(
    bob: User, public: Channel, client_of: ClientOf
) -> None:
    first, second = (services.post_message(bob, public.public_id, content=text) for text in "ab")
    services.delete_message(bob, second.public_id)
    page = client_of(bob).get(f"{_messages(public)}?before={second.public_id}").json()
    assert [message["message_id"] for message in page["messages"]] == [first.public_id]


@pytest.mark.parametrize("query", ["before=nothing", "limit=0", "limit=many", "before=%00"])
def test_a_senseless_page_is_refused(
    bob: User, public: Channel, client_of: ClientOf, query: str
) -> None:
    answer = client_of(bob).get(f"{_messages(public)}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


def test_a_page_has_a_largest_size(
    bob: User, public: Channel, client_of: ClientOf, settings: Any
) -> None:
    settings.PLEXICHAT_PAGE_SIZE_MAXIMUM = 1
    for text in "ab":
        services.post_message(bob, public.public_id, content=text)
    page = client_of(bob).get(f"{_messages(public)}?limit=1000").json()
    assert len(page["messages"]) == 1


def test_authors_edit_their_messages(bob: User, public: Channel, client_of: ClientOf) -> None:
    said = services.post_message(bob, public.public_id, content="helo", metadata={"a": 1})
    client = client_of(bob)
    answer = client.patch(f"/api/v1/messages/{said.public_id}", {"content": "hello"}, format="json")
    assert answer.status_code == 200
    assert (answer.json()["content"], answer.json()["metadata"]) == ("hello", {"a": 1})
    assert answer.json()["edit_time"] > answer.json()["timestamp"]
    assert client.get(_messages(public)).json()["messages"] == [answer.json()]


def test_nobody_edits_what_others_said(
    ann: User, bob: User, public: Channel, client_of: ClientOf
) -> None:
    said = services.post_message(bob, public.public_id, content="mine")
    path = f"/api/v1/messages/{said.public_id}"
    answer = client_of(ann).patch(path, {"content": "ours"}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
    assert Message.objects.get().content == "mine"


def test_who_left_edits_no_more(bob: User, public: Channel, client_of: ClientOf) -> None:
    said = services.post_message(bob, public.public_id, content="mine")
    services.remove_member(bob, public.public_id, "me")
    path = f"/api/v1/messages/{said.public_id}"
    answer = client_of(bob).patch(path, {"content": "spam"}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (403, "not_a_member")


@pytest.mark.parametrize("who", ["author", "creator"])
def test_authors_and_creators_delete(
    ann: User, bob: User, public: Channel, client_of: ClientOf, who: str
) -> None:
    said = services.post_message(bob, public.public_id, content="secret", metadata={"a": 1})
    actor = {"author": bob, "creator": ann}[who]
    path = f"/api/v1/messages/{said.public_id}"
    assert client_of(actor).delete(path, {"reason": "oops"}, format="json").status_code == 204
    said.refresh_from_db()
    assert (said.content, said.metadata, said.deleted_by) == ("", {}, actor)
    assert said.deletion_reason == "oops"
    assert client_of(bob).get(_messages(public)).json()["messages"] == []


def test_others_delete_nothing(bob: User, eve: User, public: Channel, client_of: ClientOf) -> None:
    said = services.post_message(bob, public.public_id, content="mine")
    services.add_member(eve, public.public_id)
    answer = client_of(eve).delete(f"/api/v1/messages/{said.public_id}")
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
    assert Message.objects.visible().exists()


def test_deleting_needs_no_body(bob: User, public: Channel, client_of: ClientOf) -> None:
    said = services.post_message(bob, public.public_id, content="mine")
    assert client_of(bob).delete(f"/api/v1/messages/{said.public_id}").status_code == 204


def test_what_is_deleted_is_gone_for_good(bob: User, public: Channel, client_of: ClientOf) -> None:
    said = services.post_message(bob, public.public_id, content="mine")
    services.delete_message(bob, said.public_id)
    client, path = client_of(bob), f"/api/v1/messages/{said.public_id}"
    assert client.patch(path, {"content": "back"}, format="json").status_code == 404
    assert client.delete(path).status_code == 404


def test_messages_of_hidden_channels_are_nowhere(
    bob: User, eve: User, private: Channel, client_of: ClientOf
) -> None:
    said = services.post_message(bob, private.public_id, content="between us")
    client, path = client_of(eve), f"/api/v1/messages/{said.public_id}"
    assert client.patch(path, {"content": "heard it"}, format="json").status_code == 404
    assert client.delete(path).status_code == 404
    assert client_of(bob).patch(path, {"content": "us"}, format="json").status_code == 200


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({"content": ""}, id="says nothing"),
        pytest.param({"content": "x", "deleted_at": timezone.now()}, id="deleted but not wiped"),
    ],
)
def test_the_database_refuses_impossible_messages(
    bob: User, public: Channel, facts: dict[str, Any]
) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Message.objects.create(channel=public, author=bob, **facts)


def test_posting_takes_few_queries(
    bob: User, public: Channel, client_of: ClientOf, django_assert_num_queries: Any
) -> None:
    client = client_of(bob)
    # Token, membership, insert; the other two are the test's savepoint, elsewhere a transaction.
    with django_assert_num_queries(5):
        client.post(_messages(public), {"content": "hello"}, format="json")


def test_reading_a_page_takes_few_queries(
    bob: User, public: Channel, client_of: ClientOf, django_assert_num_queries: Any
) -> None:
    said = [services.post_message(bob, public.public_id, content=text) for text in "abcdef"]
    client = client_of(bob)
    with django_assert_num_queries(4):  # token, channel, cursor, page
        client.get(f"{_messages(public)}?before={said[-1].public_id}")
