"""Channels and membership over REST."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from plexichat.chat import services
from plexichat.chat.models import Channel, Membership, User
from tests.chat.conftest import ClientOf, MakeChannel, MakeUser

pytestmark = [pytest.mark.django_db, pytest.mark.backends]


def _create(client: Any, channel_type: str, **facts: Any) -> Any:
    wish = {"name": "a place", "channel_type": channel_type, **facts}
    return client.post("/api/v1/channels", wish, format="json")


@pytest.mark.parametrize("channel_type", ["public", "private"])
def test_a_channel_starts_with_its_creator_and_the_named_members(
    ann: User, bob: User, client_of: ClientOf, channel_type: str
) -> None:
    client = client_of(ann)
    answer = _create(client, channel_type, members=[bob.public_id, ann.public_id, bob.public_id])
    body = answer.json()
    assert answer.status_code == 201
    assert body["members"] == [ann.public_id, bob.public_id]
    assert client.get(f"/api/v1/channels/{body['channel_id']}").json() == body


@pytest.mark.parametrize(
    ("field", "facts"),
    [
        pytest.param("name", {"name": " "}, id="no name"),
        pytest.param("name", {"name": "x" * 81}, id="long name"),
        pytest.param("channel_type", {"channel_type": "secret"}, id="unknown type"),
        pytest.param("members", {"members": ["nobody"]}, id="unknown member"),
        pytest.param("members", {"members": "ann"}, id="members no list"),
    ],
)
def test_a_channel_that_makes_no_sense_is_refused(
    ann: User, client_of: ClientOf, field: str, facts: dict[str, Any]
) -> None:
    answer = _create(client_of(ann), facts.pop("channel_type", "public"), **facts)
    assert answer.status_code == 400
    assert answer.json()["errors"].keys() == {field}
    assert not Channel.objects.exists()


def test_inactive_users_cannot_be_named(
    ann: User, make_user: MakeUser, client_of: ClientOf
) -> None:
    gone = make_user(is_active=False)
    answer = _create(client_of(ann), "private", members=[gone.public_id])
    assert gone.public_id in answer.json()["errors"]["members"][0]


def test_two_people_have_one_direct_channel_whoever_asks(
    ann: User, bob: User, client_of: ClientOf
) -> None:
    first = _create(client_of(ann), "direct", members=[bob.public_id], name="")
    second = _create(client_of(bob), "direct", members=[ann.public_id])
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json() == first.json()


@pytest.mark.django_db(transaction=True)
def test_two_who_make_their_direct_channel_at_once_get_the_same(ann: User, bob: User) -> None:
    start = threading.Barrier(2)

    def make(pair: tuple[User, User]) -> str:
        start.wait(timeout=10)
        try:
            channel, _ = services.create_channel(
                pair[0], name="", channel_type="direct", member_ids=[pair[1].public_id]
            )
            return channel.public_id
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        assert len(set(threads.map(make, [(ann, bob), (bob, ann)]))) == 1
    assert Channel.objects.get().members.count() == 2


@pytest.mark.parametrize("count", [0, 2])
def test_a_direct_channel_has_exactly_two_members(
    ann: User, make_user: MakeUser, client_of: ClientOf, count: int
) -> None:
    others = [make_user().public_id for _ in range(count)]
    answer = _create(client_of(ann), "direct", members=others)
    assert answer.status_code == 400
    assert "exactly one other" in answer.json()["errors"]["members"][0]


def test_the_database_knows_a_pair_once(ann: User) -> None:
    facts = {"channel_type": "direct", "creator": ann, "direct_pair": "1:2"}
    Channel.objects.create(**facts)
    with pytest.raises(IntegrityError), transaction.atomic():
        Channel.objects.create(**facts)


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({"channel_type": "secret", "name": "x"}, id="unknown type"),
        pytest.param({"channel_type": "direct"}, id="direct without a pair"),
        pytest.param({"channel_type": "public", "name": "x", "direct_pair": "1:2"}, id="pair"),
        pytest.param({"channel_type": "public", "name": ""}, id="no name"),
    ],
)
def test_the_database_refuses_impossible_channels(ann: User, facts: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Channel.objects.create(creator=ann, **facts)


@pytest.mark.parametrize("channel_type", ["private", "direct"])
def test_outsiders_find_no_trace_of_a_hidden_channel(
    eve: User, make_channel: MakeChannel, client_of: ClientOf, channel_type: str
) -> None:
    path = f"/api/v1/channels/{make_channel(channel_type).public_id}"
    client = client_of(eve)
    answers = [
        client.get(path),
        client.get(f"{path}/messages"),
        client.post(f"{path}/messages", {"content": "hello?"}, format="json"),
        client.post(f"{path}/members"),
        client.delete(f"{path}/members/me"),
    ]
    missing = client.get("/api/v1/channels/0123456789abcdef01234567").content
    assert [answer.status_code for answer in answers] == [404] * 5
    assert {answer.content for answer in answers} == {missing}
    assert client.get("/api/v1/channels").json() == {"channels": [], "next_before": None}


def test_members_see_a_hidden_channel(bob: User, private: Channel, client_of: ClientOf) -> None:
    client = client_of(bob)
    path = f"/api/v1/channels/{private.public_id}"
    assert client.get(path).status_code == client.get(f"{path}/messages").status_code == 200
    assert client.get("/api/v1/channels").json()["channels"][0]["channel_id"] == private.public_id


def test_everybody_sees_and_joins_a_public_channel(
    eve: User, public: Channel, client_of: ClientOf
) -> None:
    client, path = client_of(eve), f"/api/v1/channels/{public.public_id}"
    assert client.get(path).status_code == 200
    first, again = client.post(f"{path}/members"), client.post(f"{path}/members")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["user_id"] == eve.public_id
    assert first.json()["invited_by"] is None
    assert eve.public_id in client.get(path).json()["members"]


def test_a_creator_adds_and_removes_others(
    ann: User, eve: User, private: Channel, client_of: ClientOf
) -> None:
    path = f"/api/v1/channels/{private.public_id}/members"
    client = client_of(ann)
    added = client.post(path, {"user_id": eve.public_id}, format="json")
    assert (added.status_code, added.json()["invited_by"]) == (201, ann.public_id)
    assert client_of(eve).get(f"/api/v1/channels/{private.public_id}").status_code == 200
    assert client.delete(f"{path}/{eve.public_id}").status_code == 204
    assert client_of(eve).get(f"/api/v1/channels/{private.public_id}").status_code == 404


def test_other_members_add_and_remove_nobody(
    ann: User, bob: User, eve: User, public: Channel, client_of: ClientOf
) -> None:
    path = f"/api/v1/channels/{public.public_id}/members"
    client = client_of(bob)
    added = client.post(path, {"user_id": eve.public_id}, format="json")
    removed = client.delete(f"{path}/{ann.public_id}")
    assert (added.status_code, removed.status_code) == (403, 403)
    assert added.json()["code"] == "permission_denied"
    assert set(public.members.all()) == {ann, bob}


def test_an_unknown_newcomer_is_refused(ann: User, public: Channel, client_of: ClientOf) -> None:
    path = f"/api/v1/channels/{public.public_id}/members"
    answer = client_of(ann).post(path, {"user_id": "nobody"}, format="json")
    assert (answer.status_code, answer.json()["errors"].keys()) == (400, {"user_id"})


def test_anyone_leaves_once(bob: User, public: Channel, client_of: ClientOf) -> None:
    path = f"/api/v1/channels/{public.public_id}/members/me"
    client = client_of(bob)
    assert client.delete(path).status_code == 204
    assert client.delete(path).status_code == 404
    assert not Membership.objects.filter(user=bob).exists()


def test_a_direct_channel_keeps_its_members(
    bob: User, eve: User, make_channel: MakeChannel, client_of: ClientOf
) -> None:
    path = f"/api/v1/channels/{make_channel('direct').public_id}/members"
    client = client_of(bob)
    left = client.delete(f"{path}/me")
    added = client.post(path, {"user_id": eve.public_id}, format="json")
    assert (left.status_code, added.status_code) == (409, 409)
    assert left.json()["code"] == "conflict"


def test_channels_come_in_pages(ann: User, make_channel: MakeChannel, client_of: ClientOf) -> None:
    made = [make_channel(name=f"place {number}").public_id for number in range(3)]
    client = client_of(ann)
    first = client.get("/api/v1/channels?limit=2").json()
    rest = client.get(f"/api/v1/channels?limit=2&before={first['next_before']}").json()
    ids = [channel["channel_id"] for page in (first, rest) for channel in page["channels"]]
    assert ids == made[::-1]
    assert rest["next_before"] is None


def test_listing_takes_the_same_queries_for_many_channels(
    ann: User, make_channel: MakeChannel, client_of: ClientOf, django_assert_num_queries: Any
) -> None:
    for number in range(5):
        make_channel(name=f"place {number}")
    client = client_of(ann)
    with django_assert_num_queries(3):  # token, channels, members
        client.get("/api/v1/channels")
