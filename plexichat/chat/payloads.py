"""How the chat's facts look in JSON: in the API and on live sockets.

`event_payloads` builds on these for plugins.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from plexichat.chat.models import Channel, Membership, Message, User

Payload = dict[str, Any]


def timestamp(moment: datetime) -> str:
    """Return the moment in ISO 8601, UTC, with microseconds and a `Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def user(account: User) -> Payload:
    """Describe an account to its owner."""
    return {
        "user_id": account.public_id,
        "username": account.username,
        "email": account.email,
        "display_name": account.display_name,
        "registration_date": timestamp(account.date_joined),
    }


def channel(place: Channel, *, member_ids: Sequence[str]) -> Payload:
    """Describe a channel; its creator must be at hand (`select_related`)."""
    return {
        "channel_id": place.public_id,
        "name": place.name,
        "channel_type": place.channel_type,
        "creator_id": place.creator.public_id,
        "creation_time": timestamp(place.created_at),
        "members": list(member_ids),
    }


def membership(entry: Membership) -> Payload:
    """Describe who joined what when, and through whom."""
    return {
        "channel_id": entry.channel.public_id,
        "user_id": entry.user.public_id,
        "join_time": timestamp(entry.joined_at),
        "invited_by": entry.invited_by.public_id if entry.invited_by else None,
    }


def message(said: Message) -> Payload:
    """Describe a message; its author and channel must be at hand (`select_related`)."""
    return {
        "message_id": said.public_id,
        "user_id": said.author.public_id,
        "channel_id": said.channel.public_id,
        "content": said.content,
        "timestamp": timestamp(said.created_at),
        "message_type": said.message_type,
        "metadata": said.metadata,
        "edit_time": timestamp(said.edited_at) if said.edited_at else None,
    }


def deletion(said: Message) -> Payload:
    """Describe a deletion: `user_id` is who deleted the message, not who wrote it."""
    return {
        "message_id": said.public_id,
        "user_id": said.deleted_by.public_id if said.deleted_by else None,
        "channel_id": said.channel.public_id,
        "deletion_time": timestamp(said.deleted_at) if said.deleted_at else None,
        "reason": said.deletion_reason,
    }
