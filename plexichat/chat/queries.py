"""The chat's door for reading. What a user may not see is not found here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db.models import Exists, OuterRef, Q, QuerySet

from plexichat.chat import payloads
from plexichat.chat.exceptions import Invalid, NotFound
from plexichat.chat.models import Channel, ChannelType, Membership, Message, User
from plexichat.chat.payloads import Payload

Item = TypeVar("Item", Channel, Message)
NO_SUCH_CHANNEL = "There is no such channel."
NO_SUCH_MESSAGE = "There is no such message."


@dataclass(frozen=True, kw_only=True)
class Page(Generic[Item]):
    """A stretch of a list, newest first."""

    #: At most as many as asked for.
    items: list[Item]
    #: The public id to ask `before` for the next page; nothing when this was the last.
    next_before: str | None


def visible_channels(user: User) -> QuerySet[Channel]:
    """Return the channels the user may know of: public ones and their own."""
    own = Membership.objects.filter(channel=OuterRef("pk"), user=user)
    return Channel.objects.filter(Q(channel_type=ChannelType.PUBLIC) | Exists(own)).select_related(
        "creator"
    )


def channel(user: User, channel_id: str) -> Channel:
    """Return a channel the user may see; raises `NotFound`."""
    found = visible_channels(user).filter(public_id=channel_id).first()
    if found is None:
        raise NotFound(NO_SUCH_CHANNEL)
    return found


def message(user: User, message_id: str) -> Message:
    """Return a message, not deleted, in a channel the user may see; raises `NotFound`."""
    seen = Exists(visible_channels(user).filter(pk=OuterRef("channel_id")))
    found = (
        Message.objects.visible()
        .filter(seen, public_id=message_id)
        .select_related("author", "channel")
        .first()
    )
    if found is None:
        raise NotFound(NO_SUCH_MESSAGE)
    return found


def is_member(user: User, place: Channel) -> bool:
    """Say whether the user is in the channel now."""
    return Membership.objects.filter(channel=place, user=user).exists()


def channel_ids_of(user: User) -> list[str]:
    """Return the public ids of the channels the user is in."""
    return list(Membership.objects.filter(user=user).values_list("channel__public_id", flat=True))


def receiver_ids(channel_id: str, *, except_user: str, after: str, limit: int) -> list[str]:
    """Return up to `limit` public ids of a channel's active members, `except_user` left out.

    For paging through whom a message reaches: `after` is the last id of the page before, `""` at
    the start. In order of the ids, so that nobody is skipped or met twice when others come and
    go between two pages. An unknown channel has no members.
    """
    seats = Membership.objects.filter(
        channel__public_id=channel_id, user__is_active=True, user__public_id__gt=after
    ).exclude(user__public_id=except_user)
    ids = seats.order_by("user__public_id").values_list("user__public_id", flat=True)
    return list(ids[:limit])


def member_ids(channels: Iterable[Channel]) -> dict[int, list[str]]:
    """Return the members' public ids in order of joining, by the channel's primary key."""
    rows = (
        Membership.objects.filter(channel__in=list(channels))
        .order_by("pk")
        .values_list("channel_id", "user__public_id")
    )
    members: dict[int, list[str]] = defaultdict(list)
    for channel_pk, user_id in rows:
        members[channel_pk].append(user_id)
    return members


def channel_page(user: User, *, before: str | None, limit: int) -> Page[Channel]:
    """Return the channels the user may see, latest first.

    `before` is a channel they see; raises `Invalid` for another.
    """
    rows = visible_channels(user).order_by("-pk")
    if before is not None:
        rows = rows.filter(pk__lt=_cursor(visible_channels(user), before))
    return _page(rows[: limit + 1], limit=limit)


def message_page(place: Channel, *, before: str | None, limit: int) -> Page[Message]:
    """Return a channel's messages, latest first.

    `before` is a message of this channel, deleted or not; raises `Invalid` for another.
    """
    edge = None if before is None else _cursor(Message.objects.filter(channel=place), before)
    rows = Message.objects.newest_first(place, before=edge)
    return _page(rows[: limit + 1], limit=limit)


def recent_messages(*, limit: int) -> list[Payload]:
    """The last messages of all channels, as filters are asked about them, the newest first."""
    rows = Message.objects.visible().select_related("author", "channel").order_by("-pk")[:limit]
    questions = [payloads.message(said) for said in rows]
    for question in questions:
        del question["edit_time"]
    return questions


def _cursor(rows: QuerySet[Item], public_id: str) -> int:
    """Return the primary key behind a page's `before`."""
    edge = rows.filter(public_id=public_id).values_list("pk", flat=True).first()
    if edge is None:
        raise Invalid({"before": ["Names nothing here; use the `next_before` of a page."]})
    return int(edge)


def _page(rows: Iterable[Item], *, limit: int) -> Page[Item]:
    """Cut a page out of rows that hold one more than wanted if there is more."""
    found: Sequence[Item] = list(rows)
    items = list(found[:limit])
    return Page(items=items, next_before=items[-1].public_id if len(found) > limit else None)
