"""What live sockets hear once a change is through."""

from __future__ import annotations

from functools import partial

from django.db import transaction

from plexichat.chat import payloads
from plexichat.chat.live import publisher
from plexichat.chat.live.groups import channel_group, user_group
from plexichat.chat.models import Message
from plexichat.chat.payloads import Payload


def said(message: Message) -> None:
    """Tell the channel what was said."""
    _tell_channel(message, {"type": "message", "message": payloads.message(message)})


def edited(message: Message) -> None:
    """Tell the channel how a message reads now."""
    _tell_channel(message, {"type": "message_edited", "message": payloads.message(message)})


def deleted(message: Message) -> None:
    """Tell the channel that a message is gone."""
    _tell_channel(message, {"type": "message_deleted", "message": payloads.deletion(message)})


def membership_changed(user_id: str) -> None:
    """Have the user's sockets follow them into a channel, or out of it."""
    _publish(user_group(user_id), publisher.membership())


def logged_out(user_id: str, token_digest: str) -> None:
    """Close the sockets that this login opened."""
    _publish(user_group(user_id), publisher.logout(token_digest))


def _tell_channel(message: Message, event: Payload) -> None:
    _publish(channel_group(message.channel.public_id), publisher.event(event))


def _publish(group: str, layer_message: Payload) -> None:
    transaction.on_commit(partial(publisher.publish, group, layer_message), robust=True)
