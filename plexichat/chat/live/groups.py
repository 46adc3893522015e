"""The names under which sockets listen on the channel layer."""

from __future__ import annotations


def channel_group(channel_id: str) -> str:
    """Return the group of all sockets whose users are in the channel."""
    return f"chat.channel.{channel_id}"


def user_group(user_id: str) -> str:
    """Return the group of all sockets of one user."""
    return f"chat.user.{user_id}"
