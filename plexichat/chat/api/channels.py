"""Calls about channels and who is in them. A channel one may not see is a 404 everywhere."""

from __future__ import annotations

from typing import Any

from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from plexichat.chat import payloads, queries, services
from plexichat.chat.api import shapes
from plexichat.chat.api.base import ChatView, account_of, shaped
from plexichat.chat.api.describe import call
from plexichat.chat.models import Channel
from plexichat.chat.payloads import Payload


class Channels(ChatView):
    """All channels one may see."""

    @call(
        "list_channels",
        "List public channels and one's own, newest first",
        takes=shapes.PageWish,
        gives={200: shapes.ChannelPage},
        refuses=(400, 401),
    )
    def get(self, request: Request) -> Response:
        """Show a page of them."""
        wish: dict[str, Any] = shaped(shapes.PageWish(data=request.query_params))
        page = queries.channel_page(account_of(request), **wish)
        return Response({"channels": _described(page.items), "next_before": page.next_before})

    @call(
        "create_channel",
        "Make a channel; 200 returns the direct channel that the two have already",
        takes=shapes.NewChannel,
        gives={201: shapes.ChannelFacts, 200: shapes.ChannelFacts},
        refuses=(400, 401),
    )
    def post(self, request: Request) -> Response:
        """Make one."""
        wish: dict[str, Any] = shaped(shapes.NewChannel(data=request.data))
        wish["member_ids"] = wish.pop("members")
        made, is_new = services.create_channel(account_of(request), **wish)
        return Response(_described([made])[0], _created(is_new))


class OneChannel(ChatView):
    """A channel."""

    @call("show_channel", "Show a channel", gives={200: shapes.ChannelFacts}, refuses=(401, 404))
    def get(self, request: Request, channel_id: str) -> Response:
        """Show it."""
        return Response(_described([queries.channel(account_of(request), channel_id)])[0])


class Members(ChatView):
    """Who is in a channel."""

    @call(
        "add_member",
        "Join a public channel, or add someone as its creator; 200 when they are in already",
        takes=shapes.NewMember,
        gives={201: shapes.MembershipFacts, 200: shapes.MembershipFacts},
        refuses=(400, 401, 403, 404, 409),
    )
    def post(self, request: Request, channel_id: str) -> Response:
        """Let oneself or another in."""
        wish: dict[str, Any] = shaped(shapes.NewMember(data=request.data))
        entry, is_new = services.add_member(account_of(request), channel_id, **wish)
        return Response(payloads.membership(entry), _created(is_new))


class OneMember(ChatView):
    """Someone in a channel; `me` is oneself."""

    @call(
        "remove_member",
        "Leave a channel (`me`), or remove someone as its creator",
        gives={204: None},
        refuses=(401, 403, 404, 409),
    )
    def delete(self, request: Request, channel_id: str, user_id: str) -> Response:
        """Take oneself or another out."""
        services.remove_member(account_of(request), channel_id, user_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


def _described(channels: list[Channel]) -> list[Payload]:
    members = queries.member_ids(channels)
    return [payloads.channel(place, member_ids=members[place.pk]) for place in channels]


def _created(is_new: bool) -> int:
    return status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
