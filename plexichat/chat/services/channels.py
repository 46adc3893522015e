"""Channels: making them, entering, leaving."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from django.db import IntegrityError, transaction
from django.utils import timezone

from plexichat.chat import event_payloads, events, queries
from plexichat.chat.exceptions import Conflict, Invalid, NotFound, PermissionDenied
from plexichat.chat.models import Channel, ChannelType, Membership, User
from plexichat.chat.services import announcements

#: Where a path names a user, this names the one who asks.
MYSELF = "me"
#: Why a member left who did not go by themselves.
REMOVED = "removed"
DIRECT_STAYS = "A direct channel always has the same two members."


def create_channel(
    creator: User, *, name: str, channel_type: str, member_ids: Sequence[str] = ()
) -> tuple[Channel, bool]:
    """Make a channel with its creator and `member_ids` (public ids) in it.

    Returns the channel and whether it is new: two people have one direct channel, and asking
    again returns it. Raises `Invalid` for unknown members and what the type does not allow.
    """
    others = _resolve(member_ids, but=creator)
    if channel_type == ChannelType.DIRECT:
        return _direct_channel(creator, others, name=name)
    if not name.strip():
        raise Invalid({"name": ["A public or private channel needs a name."]})
    with transaction.atomic():
        made = Channel.objects.create(name=name, channel_type=channel_type, creator=creator)
        _seat(made, creator, others)
    return made, True


def add_member(
    actor: User, channel_id: str, *, user_id: str | None = None
) -> tuple[Membership, bool]:
    """Let a user into a channel: oneself into a public one, or as its creator anybody.

    Returns the membership and whether it is new. Raises `NotFound` for a channel the actor may
    not see, `PermissionDenied`, `Conflict` for a direct channel, `Invalid` for an unknown user.
    """
    place = queries.channel(actor, channel_id)
    if place.channel_type == ChannelType.DIRECT:
        raise Conflict(DIRECT_STAYS)
    newcomer = actor if user_id in (None, MYSELF, actor.public_id) else None
    if newcomer is None and place.creator_id != actor.pk:
        raise PermissionDenied("Only the channel's creator adds others.")
    if newcomer is None:
        newcomer = _resolve([str(user_id)], but=actor, field="user_id")[0]
    return _enter(place, newcomer, by=actor)


def remove_member(actor: User, channel_id: str, user_id: str) -> None:
    """Take a user out of a channel: oneself (`"me"`), or as its creator anybody.

    Raises `NotFound` for a channel the actor may not see and for someone who is not in it,
    `PermissionDenied`, and `Conflict` for a direct channel.
    """
    place = queries.channel(actor, channel_id)
    leaver_id = actor.public_id if user_id == MYSELF else user_id
    if leaver_id != actor.public_id and place.creator_id != actor.pk:
        raise PermissionDenied("Only the channel's creator removes others.")
    if place.channel_type == ChannelType.DIRECT:
        raise Conflict(DIRECT_STAYS)
    with transaction.atomic():
        seats = Membership.objects.filter(channel=place, user__public_id=leaver_id)
        if not seats.delete()[0]:
            raise NotFound("This user is not in the channel.")
        _tell_left(place, leaver_id, reason="" if leaver_id == actor.public_id else REMOVED)


def end_membership(entry: Membership) -> None:
    """Take a user out of any channel, on an admin's word; nothing happens when they left already.

    The entry's channel and user should be at hand (`select_related`).
    """
    with transaction.atomic():
        if Membership.objects.filter(pk=entry.pk).delete()[0]:
            _tell_left(entry.channel, entry.user.public_id, reason=REMOVED)


def _direct_channel(creator: User, others: list[User], *, name: str) -> tuple[Channel, bool]:
    if len(others) != 1:
        raise Invalid({"members": ["A direct channel has exactly one other member."]})
    pair = ":".join(str(pk) for pk in sorted((creator.pk, others[0].pk)))
    known = Channel.objects.select_related("creator").filter(direct_pair=pair)
    if existing := known.first():
        return existing, False
    try:
        with transaction.atomic():
            made = Channel.objects.create(
                name=name, channel_type=ChannelType.DIRECT, creator=creator, direct_pair=pair
            )
            _seat(made, creator, others)
    except IntegrityError:
        # Both asked at once; the database lets a pair meet once, so take the other's channel.
        return known.get(), False
    return made, True


def _seat(place: Channel, creator: User, others: list[User]) -> None:
    seats = [Membership(channel=place, user=creator)]
    seats += [Membership(channel=place, user=other, invited_by=creator) for other in others]
    Membership.objects.bulk_create(seats)
    member_ids = [seat.user.public_id for seat in seats]
    events.record(
        "channel_created", partial(event_payloads.channel_created, place, member_ids=member_ids)
    )
    for member_id in member_ids:
        announcements.membership_changed(member_id)


def _enter(place: Channel, newcomer: User, *, by: User) -> tuple[Membership, bool]:
    with transaction.atomic():
        entry, is_new = Membership.objects.select_related(
            "channel", "user", "invited_by"
        ).get_or_create(
            channel=place,
            user=newcomer,
            defaults={"invited_by": None if newcomer == by else by},
        )
        if is_new:
            events.record(
                "channel_member_joined", partial(event_payloads.channel_member_joined, entry)
            )
            announcements.membership_changed(newcomer.public_id)
    return entry, is_new


def _tell_left(place: Channel, user_id: str, *, reason: str) -> None:
    left = partial(event_payloads.channel_member_left, place, user_id=user_id, reason=reason)
    events.record("channel_member_left", partial(left, at=timezone.now()))
    announcements.membership_changed(user_id)


def _resolve(user_ids: Sequence[str], *, but: User, field: str = "members") -> list[User]:
    """Return the active users behind public ids in their order, each once, `but` left out."""
    wanted = [user_id for user_id in dict.fromkeys(user_ids) if user_id != but.public_id]
    found = {
        user.public_id: user for user in User.objects.filter(public_id__in=wanted, is_active=True)
    }
    if unknown := [user_id for user_id in wanted if user_id not in found]:
        raise Invalid({field: [f"There is no user {user_id!r}." for user_id in unknown]})
    return [found[user_id] for user_id in wanted]
