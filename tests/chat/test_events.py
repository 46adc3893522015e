"""What the chat tells its recorder: every hook, exactly its keys, in the fact's transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from plexichat.chat import events, queries, services
from plexichat.chat.exceptions import NotFound
from plexichat.chat.models import Channel, Message, User
from tests.chat.conftest import PASSWORD, ClientOf, MakeUser, Notebook, Payload

pytestmark = [pytest.mark.django_db, pytest.mark.backends]
SENT = {
    *("message_id", "user_id", "channel_id", "content", "timestamp", "message_type", "metadata")
}


def test_a_registration_is_told_and_no_login(notebook: Notebook) -> None:
    account, _ = services.register("zoe", email="zoe@example.com", password=PASSWORD)
    told = notebook.only("user_registered")
    assert told.pop("registration_date").endswith("Z")
    assert told == {
        "user_id": account.public_id,
        "email": "zoe@example.com",
        "username": "zoe",
        "metadata": {},
    }
    assert notebook.hooks() == ["user_registered"]


def test_a_profile_change_tells_what_really_changed(ann: User, notebook: Notebook) -> None:
    services.update_profile(ann, {"email": ann.email, "display_name": "Ann of Cleves"})
    told = notebook.only("user_profile_updated")
    assert told.pop("update_time").endswith("Z")
    assert told == {
        "user_id": ann.public_id,
        "updated_fields": ["display_name"],
        "old_values": {"display_name": ""},
        "new_values": {"display_name": "Ann of Cleves"},
    }


@pytest.mark.parametrize("wish", [{}, {"display_name": ""}, {"password": "x", "is_staff": "1"}])
def test_a_profile_that_stays_as_it_is_is_not_told(
    ann: User, notebook: Notebook, wish: dict[str, str]
) -> None:
    services.update_profile(ann, wish)
    assert notebook.events == []


def test_old_values_are_those_of_the_row(ann: User, notebook: Notebook) -> None:
    services.update_profile(User.objects.get(pk=ann.pk), {"display_name": "first"})
    services.update_profile(ann, {"display_name": "second"})
    assert notebook.events[1][1]["old_values"] == {"display_name": "first"}


def test_a_message_is_told_as_the_filters_left_it(
    bob: User, public: Channel, notebook: Notebook
) -> None:
    events.set_consultant(lambda message: {**message, "content": "HELLO"})
    said = services.post_message(bob, public.public_id, content="hello", metadata={"a": 1})
    told = notebook.only("message_received")
    assert told.keys() == SENT
    assert (told["content"], told["metadata"]) == ("HELLO", {"a": 1})
    assert notebook.stored == [said.public_id]


def test_a_blocked_message_is_not_told(bob: User, public: Channel, notebook: Notebook) -> None:
    def consult(message: Payload) -> Payload:
        raise events.Blocked

    events.set_consultant(consult)
    with pytest.raises(events.Blocked):
        services.post_message(bob, public.public_id, content="hello")
    assert (notebook.events, notebook.stored) == ([], [])


def test_an_edit_tells_the_words_before_and_after(
    bob: User, public: Channel, notebook: Notebook
) -> None:
    said = services.post_message(bob, public.public_id, content="helo")
    services.edit_message(bob, said.public_id, content="hello")
    told = notebook.only("message_edited")
    assert told.pop("edit_time").endswith("Z")
    assert told == {
        "message_id": said.public_id,
        "user_id": bob.public_id,
        "old_content": "helo",
        "new_content": "hello",
    }
    assert notebook.stored == [said.public_id] * 2


def test_an_edit_replaces_what_another_edit_made_of_the_words_meanwhile(
    bob: User, public: Channel, notebook: Notebook
) -> None:
    said = services.post_message(bob, public.public_id, content="helo")

    def consult(message: Payload) -> Payload:
        events.set_consultant(None)
        services.edit_message(bob, said.public_id, content="second")
        return message

    events.set_consultant(consult)
    services.edit_message(bob, said.public_id, content="third")
    edits = [payload for hook, payload in notebook.events if hook == "message_edited"]
    assert [edit["old_content"] for edit in edits] == ["helo", "second"]


def test_an_edit_of_what_was_deleted_meanwhile_is_not_told(
    bob: User, public: Channel, notebook: Notebook
) -> None:
    said = services.post_message(bob, public.public_id, content="helo")

    def consult(message: Payload) -> Payload:
        services.delete_message(bob, said.public_id)
        return message

    events.set_consultant(consult)
    with pytest.raises(NotFound):
        services.edit_message(bob, said.public_id, content="hello")
    assert notebook.hooks() == ["message_received", "message_deleted"]


@pytest.mark.parametrize("reason", [{}, {"reason": "rude"}], ids=["no reason", "reason"])
def test_a_deletion_tells_who_deleted_and_why_if_they_said(
    ann: User, bob: User, public: Channel, notebook: Notebook, reason: dict[str, str]
) -> None:
    said = services.post_message(bob, public.public_id, content="hello")
    services.delete_message(ann, said.public_id, **reason)
    told = notebook.only("message_deleted")
    assert told.pop("deletion_time").endswith("Z")
    assert told == {
        "message_id": said.public_id,
        "user_id": ann.public_id,
        "channel_id": public.public_id,
        **reason,
    }


@pytest.mark.parametrize("channel_type", ["public", "private", "direct"])
def test_a_channel_is_told_once_with_its_first_members(
    ann: User, bob: User, notebook: Notebook, channel_type: str
) -> None:
    wish: dict[str, Any] = {"name": "x", "channel_type": channel_type}
    wish["member_ids"] = [bob.public_id]
    made, _ = services.create_channel(ann, **wish)
    if channel_type == "direct":
        services.create_channel(bob, **{**wish, "member_ids": [ann.public_id]})
    told = notebook.only("channel_created")
    assert told.pop("creation_time").endswith("Z")
    assert told == {
        "channel_id": made.public_id,
        "name": "x",
        "creator_id": ann.public_id,
        "channel_type": channel_type,
        "members": [ann.public_id, bob.public_id],
    }
    assert notebook.hooks() == ["channel_created"]


@pytest.mark.parametrize("is_invited", [False, True], ids=["by oneself", "invited"])
def test_joining_tells_who_invited_if_somebody_did(
    ann: User, eve: User, public: Channel, notebook: Notebook, is_invited: bool
) -> None:
    actor = ann if is_invited else eve
    for _ in range(2):  # the second changes nothing
        services.add_member(actor, public.public_id, user_id=eve.public_id)
    told = notebook.only("channel_member_joined")
    assert told.pop("join_time").endswith("Z")
    assert told == {
        "channel_id": public.public_id,
        "user_id": eve.public_id,
        **({"invited_by": ann.public_id} if is_invited else {}),
    }


@pytest.mark.parametrize("is_removed", [False, True], ids=["by oneself", "removed"])
def test_leaving_tells_whether_somebody_else_did_it(
    ann: User, bob: User, public: Channel, notebook: Notebook, is_removed: bool
) -> None:
    services.remove_member(ann if is_removed else bob, public.public_id, bob.public_id)
    told = notebook.only("channel_member_left")
    assert told.pop("leave_time").endswith("Z")
    assert told == {
        "channel_id": public.public_id,
        "user_id": bob.public_id,
        **({"reason": "removed"} if is_removed else {}),
    }


def _everything(ann: User, bob: User, public: Channel) -> dict[str, Callable[[], Any]]:
    """Return each fact of the chat that needs no session, by the hook it is told under."""
    said = services.post_message(bob, public.public_id, content="hello")
    _, text = services.login("bob", password=PASSWORD)
    login = services.token_login(text)
    assert login is not None
    place = public.public_id
    return {
        "user_registered": lambda: services.register("zoe", email="z@a.org", password=PASSWORD),
        "user_login": lambda: services.login("ann", password=PASSWORD),
        "user_logout": lambda: services.logout(login),
        "user_profile_updated": lambda: services.update_profile(ann, {"display_name": "x"}),
        "message_received": lambda: services.post_message(bob, place, content="again"),
        "message_edited": lambda: services.edit_message(bob, said.public_id, content="hi"),
        "message_deleted": lambda: services.delete_message(bob, said.public_id),
        "channel_created": lambda: services.create_channel(ann, name="y", channel_type="public"),
        "channel_member_left": lambda: services.remove_member(bob, place, "me"),
        "channel_member_joined": lambda: services.add_member(bob, place),
    }


def _rows() -> list[Any]:
    """Return everything stored that these facts change."""
    return [list(model.objects.order_by("pk").values()) for model in _models()]


def _models() -> list[Any]:
    return [User, Message, Channel, Channel.members.through, User.auth_token_set.rel.related_model]


class Refusing(Notebook):
    """A recorder that cannot write."""

    def event(self, hook: str, build: Callable[[], Payload]) -> None:
        super().event(hook, build)
        raise OSError("disk full")


@pytest.mark.django_db(transaction=True)
def test_every_fact_is_told_inside_its_transaction(
    ann: User, bob: User, public: Channel, notebook: Notebook
) -> None:
    facts = _everything(ann, bob, public)
    notebook.events.clear()
    for happen in facts.values():
        happen()
    assert notebook.hooks() == list(facts)
    assert set(notebook.atomic) == {True}


@pytest.mark.django_db(transaction=True)
def test_a_fact_that_cannot_be_recorded_does_not_happen(
    ann: User, bob: User, public: Channel
) -> None:
    for hook, happen in _everything(ann, bob, public).items():
        if hook == "channel_member_joined":
            services.remove_member(bob, public.public_id, "me")
        recorder = Refusing()
        events.set_recorder(recorder)
        before = _rows()
        with pytest.raises(OSError, match="disk full"):
            happen()
        assert (recorder.hooks(), _rows()) == ([hook], before)
        events.set_recorder(None)


class Deaf:
    """A recorder whose plugins subscribe to nothing."""

    def event(self, hook: str, build: Callable[[], Payload]) -> None:
        pass

    def message_stored(self, message_id: str) -> None:
        pass


@pytest.mark.parametrize("recorder", [None, Deaf()], ids=["no recorder", "no subscriber"])
def test_where_nobody_listens_nothing_is_built_or_asked(
    ann: User,
    bob: User,
    public: Channel,
    recorder: events.Recorder | None,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    facts = _everything(ann, bob, public)
    events.set_recorder(recorder)
    monkeypatch.setattr("plexichat.chat.clients.parse", None)
    with django_assert_max_num_queries(4):  # seat, savepoint, insert, release
        facts["message_received"]()
    with CaptureQueriesContext(connection) as asked:
        facts["message_edited"]()
    assert not [query for query in asked if query["sql"].startswith("SELECT content")]
    facts["user_login"]()


def test_receivers_come_in_pages_without_the_author(
    make_user: MakeUser, ann: User, bob: User, public: Channel
) -> None:
    people = [make_user() for _ in range(5)]
    for person in people:
        services.add_member(person, public.public_id)
    make_user("stranger")
    User.objects.filter(pk=people[0].pk).update(is_active=False)
    found: list[str] = []
    while page := queries.receiver_ids(
        public.public_id, except_user=bob.public_id, after=found[-1] if found else "", limit=2
    ):
        assert len(page) <= 2
        found += page
    assert found == sorted(user.public_id for user in [ann, *people[1:]])


def test_an_unknown_channel_reaches_nobody(public: Channel) -> None:
    assert queries.receiver_ids("nowhere", except_user="", after="", limit=9) == []


def test_a_client_that_logs_in_over_rest_is_told(
    ann: User, client_of: ClientOf, notebook: Notebook
) -> None:
    assert client_of(ann).get("/api/v1/users/me").status_code == 200
    assert notebook.hooks() == ["user_login"]
