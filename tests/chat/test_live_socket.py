"""What passes over the live socket."""

from __future__ import annotations

import json
from typing import Any

import pytest
from channels.layers import InMemoryChannelLayer, get_channel_layer
from knox.models import AuthToken

from plexichat.chat import events, payloads, services
from plexichat.chat.live.crossing import in_thread
from plexichat.chat.live.groups import channel_group, user_group
from plexichat.chat.models import Channel, Membership, User
from tests.chat.conftest import ClientOf
from tests.chat.sockets import closed_with, heard, is_silent, on_a_loop, socket_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.backends]


@on_a_loop
async def test_members_hear_what_is_said_and_others_do_not(
    ann: User, bob: User, eve: User, public: Channel
) -> None:
    async with socket_of(ann) as hers, socket_of(eve) as outside:
        said = await in_thread(services.post_message)(bob, public.public_id, content="hello")
        assert await heard(hers) == {"type": "message", "message": payloads.message(said)}
        assert await is_silent(outside)


@on_a_loop
async def test_members_hear_of_edits_and_deletions(ann: User, bob: User, public: Channel) -> None:
    said = await in_thread(services.post_message)(bob, public.public_id, content="helo")
    async with socket_of(ann) as hers:
        await in_thread(services.edit_message)(bob, said.public_id, content="hello")
        await in_thread(services.delete_message)(bob, said.public_id, reason="oops")
        edited, deleted = await heard(hers), await heard(hers)
    assert (edited["type"], edited["message"]["content"]) == ("message_edited", "hello")
    assert deleted["type"] == "message_deleted"
    assert deleted["message"]["message_id"] == said.public_id
    assert (deleted["message"]["user_id"], deleted["message"]["reason"]) == (bob.public_id, "oops")


@on_a_loop
async def test_what_is_said_over_rest_is_heard(
    ann: User, bob: User, public: Channel, client_of: ClientOf
) -> None:
    rest = await in_thread(client_of)(bob)
    path = f"/api/v1/channels/{public.public_id}/messages"
    async with socket_of(ann) as hers:
        answer = await in_thread(rest.post)(path, {"content": "hello"}, format="json")
        assert (await heard(hers))["message"] == answer.json()


@on_a_loop
async def test_a_client_sends_over_the_socket(ann: User, bob: User, public: Channel) -> None:
    wish = {"type": "send", "channel_id": public.public_id, "content": "hi", "metadata": {"a": 1}}
    async with socket_of(bob) as his, socket_of(ann) as hers:
        await his.send_json_to(wish)
        frames = {frame["type"]: frame for frame in (await heard(his), await heard(his))}
        message = (await heard(hers))["message"]
    assert frames["sent"]["message_id"] == message["message_id"]
    assert frames["message"]["message"] == message
    assert (message["content"], message["metadata"]) == ("hi", {"a": 1})


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param("{", "invalid", id="no JSON"),
        pytest.param("[" * 60_000, "invalid", id="bottomless JSON"),
        pytest.param("[]", "invalid", id="no object"),
        pytest.param('{"type": "shout"}', "invalid", id="unknown type"),
        pytest.param('{"type": "send", "content": "x"}', "invalid", id="no channel"),
        pytest.param('{"type": "send", "channel_id": 1, "content": "x"}', "invalid", id="number"),
        pytest.param(
            '{"type": "send", "channel_id": "\\u0000", "content": "x"}', "invalid", id="NUL"
        ),
        pytest.param('{"type": "send", "channel_id": "a", "content": ["x"]}', "invalid", id="list"),
        pytest.param('{"type": "send", "channel_id": "a", "content": "x"}', "not_found", id="none"),
        pytest.param("x" * 70_000, "invalid", id="too long"),
    ],
)
@on_a_loop
async def test_bad_input_is_answered_and_the_socket_goes_on(
    bob: User, public: Channel, text: str, code: str
) -> None:
    async with socket_of(bob) as his:
        await his.send_to(text_data=text)
        refused = await heard(his)
        await his.send_json_to(
            {"type": "send", "channel_id": public.public_id, "content": "still here"}
        )
        after = {(await heard(his))["type"] for _ in range(2)}
    assert (refused["type"], refused["code"]) == ("error", code)
    assert refused["detail"]
    assert after == {"sent", "message"}


@on_a_loop
async def test_bytes_are_refused(bob: User) -> None:
    async with socket_of(bob) as his:
        await his.send_to(bytes_data=b"{}")
        assert (await heard(his))["code"] == "invalid"


@on_a_loop
async def test_outsiders_do_not_send(eve: User, public: Channel, private: Channel) -> None:
    async with socket_of(eve) as outside:
        for place in (public, private):
            await outside.send_json_to(
                {"type": "send", "channel_id": place.public_id, "content": "hi"}
            )
        codes = [(await heard(outside))["code"] for _ in range(2)]
    assert codes == ["not_a_member", "not_found"]


@on_a_loop
async def test_a_blocked_message_is_answered_with_the_reason(bob: User, public: Channel) -> None:
    def consult(message: dict[str, Any]) -> dict[str, Any]:
        raise events.Blocked("no shouting", "moderation")

    events.set_consultant(consult)
    async with socket_of(bob) as his:
        await his.send_json_to({"type": "send", "channel_id": public.public_id, "content": "HI"})
        answer = await heard(his)
        assert await is_silent(his)
    assert answer == {"type": "error", "code": "message_blocked", "detail": "no shouting"}


@on_a_loop
async def test_a_fault_of_ours_costs_nobody_the_socket(bob: User, public: Channel) -> None:
    def consult(message: dict[str, Any]) -> dict[str, Any]:
        raise RuntimeError("hunter2")

    events.set_consultant(consult)
    async with socket_of(bob) as his:
        await his.send_json_to({"type": "send", "channel_id": public.public_id, "content": "HI"})
        answer = await heard(his)
        assert answer["code"] == "internal_error"
        assert "hunter2" not in json.dumps(answer)
        await his.send_json_to({})
        assert (await heard(his))["code"] == "invalid"


@on_a_loop
async def test_sockets_follow_their_user_into_a_channel_and_out(
    ann: User, bob: User, eve: User, private: Channel
) -> None:
    async with socket_of(eve) as hers:
        await in_thread(services.add_member)(ann, private.public_id, user_id=eve.public_id)
        assert await heard(hers) == {"type": "channel_joined", "channel_id": private.public_id}
        await in_thread(services.post_message)(bob, private.public_id, content="welcome")
        assert (await heard(hers))["message"]["content"] == "welcome"
        await in_thread(services.remove_member)(ann, private.public_id, eve.public_id)
        assert await heard(hers) == {"type": "channel_left", "channel_id": private.public_id}
        await in_thread(services.post_message)(bob, private.public_id, content="she is gone")
        assert await is_silent(hers)


@on_a_loop
async def test_sockets_hear_of_channels_made_while_they_are_open(ann: User, bob: User) -> None:
    async with socket_of(bob) as his:
        made, _ = await in_thread(services.create_channel)(
            ann, name="new", channel_type="private", member_ids=[bob.public_id]
        )
        assert await heard(his) == {"type": "channel_joined", "channel_id": made.public_id}


@on_a_loop
async def test_a_lost_message_keeps_nobody_listening_for_ever(
    bob: User, private: Channel, settings: Any
) -> None:
    settings.PLEXICHAT_LIVE_RESYNC_SECONDS = 0.05
    async with socket_of(bob) as his:
        await in_thread(Membership.objects.filter(user=bob).delete)()
        assert await heard(his) == {"type": "channel_left", "channel_id": private.public_id}


@on_a_loop
async def test_logging_out_closes_the_sockets_of_this_login_only(ann: User) -> None:
    async with socket_of(ann) as other:
        before = set(await in_thread(lambda: list(AuthToken.objects.all()))())
        async with socket_of(ann) as this:
            after = set(await in_thread(lambda: list(AuthToken.objects.select_related("user")))())
            await in_thread(services.logout)((after - before).pop())
            assert await closed_with(this) == 4401
        assert await is_silent(other)


@pytest.mark.parametrize("end", ["token", "account"])
@on_a_loop
async def test_a_login_that_ends_silently_is_noticed(ann: User, settings: Any, end: str) -> None:
    settings.PLEXICHAT_LIVE_RESYNC_SECONDS = 0.05
    async with socket_of(ann) as hers:
        if end == "token":
            await in_thread(AuthToken.objects.all().delete)()
        else:
            await in_thread(User.objects.update)(is_active=False)
        assert await closed_with(hers) == 4401


@on_a_loop
async def test_a_closed_socket_leaves_nothing_on_the_layer(ann: User, public: Channel) -> None:
    layer = get_channel_layer()
    if not isinstance(layer, InMemoryChannelLayer):
        pytest.skip("only the layer in memory can be looked into")
    groups = layer.groups
    wanted = {user_group(ann.public_id), channel_group(public.public_id)}
    async with socket_of(ann):
        assert wanted <= groups.keys()
    assert not wanted & groups.keys()
