"""What plugins are told: one builder per event hook, named like the hook.

Each returns exactly the keys of the plugin API reference; a key it calls optional is left out
where there is nothing to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from plexichat.chat import payloads
from plexichat.chat.clients import Client, device_info
from plexichat.chat.models import Channel, Membership, Message, User
from plexichat.chat.payloads import Payload, timestamp


def user_registered(account: User) -> Payload:
    """Describe a new account; the chat itself knows no `metadata` yet."""
    return {
        "user_id": account.public_id,
        "email": account.email,
        "username": account.username,
        "registration_date": timestamp(account.date_joined),
        "metadata": {},
    }


def user_login(account: User, *, client: Client, at: datetime) -> Payload:
    """Describe a login, by token or browser session; never the token."""
    return {
        "user_id": account.public_id,
        "login_time": timestamp(at),
        "ip_address": client.ip_address,
        "user_agent": client.user_agent,
        "device_info": device_info(client.user_agent),
    }


def user_logout(account: User, *, since: datetime, at: datetime) -> Payload:
    """Describe the end of a login that was made at `since`."""
    return {
        "user_id": account.public_id,
        "logout_time": timestamp(at),
        # A clock that was set back must not make a session shorter than nothing.
        "session_duration": max(0, int((at - since).total_seconds())),
    }


def user_profile_updated(
    account: User, *, fields: Iterable[str], old: Mapping[str, str], at: datetime
) -> Payload:
    """Describe what changed in a profile; the account holds the new values."""
    names = sorted(fields)
    return {
        "user_id": account.public_id,
        "updated_fields": names,
        "old_values": {name: old[name] for name in names},
        "new_values": {name: getattr(account, name) for name in names},
        "update_time": timestamp(at),
    }


def message_received(said: Message) -> Payload:
    """Describe a message as `message_sent` does, after the filters; whom it reached is not here."""
    payload = payloads.message(said)
    del payload["edit_time"]
    return payload


def message_deleted(said: Message) -> Payload:
    """Describe a deletion; `reason` only when one was given."""
    payload = payloads.deletion(said)
    if not said.deletion_reason:
        del payload["reason"]
    return payload


def message_edited(said: Message, *, editor: User, old_content: str, at: datetime) -> Payload:
    """Describe an edit, with the words as the filters left them."""
    return {
        "message_id": said.public_id,
        "user_id": editor.public_id,
        "old_content": old_content,
        "new_content": said.content,
        "edit_time": timestamp(at),
    }


def channel_created(place: Channel, *, member_ids: Sequence[str]) -> Payload:
    """Describe a new channel with its first members, of whom no `channel_member_joined` tells."""
    return payloads.channel(place, member_ids=member_ids)


def channel_member_joined(entry: Membership) -> Payload:
    """Describe who came into a channel; `invited_by` only when somebody else let them in."""
    payload = payloads.membership(entry)
    if entry.invited_by is None:
        del payload["invited_by"]
    return payload


def channel_member_left(place: Channel, *, user_id: str, at: datetime, reason: str = "") -> Payload:
    """Describe who is no longer in a channel; `reason` only when there is one."""
    payload = {
        "channel_id": place.public_id,
        "user_id": user_id,
        "leave_time": timestamp(at),
    }
    return payload | {"reason": reason} if reason else payload
