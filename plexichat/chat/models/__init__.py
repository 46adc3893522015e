"""The facts of the chat: who is here, where they talk, and what was said."""

from __future__ import annotations

from plexichat.chat.models.channels import Channel, ChannelType, Membership
from plexichat.chat.models.messages import Message
from plexichat.chat.models.tickets import SocketTicket
from plexichat.chat.models.users import User

__all__ = ["Channel", "ChannelType", "Membership", "Message", "SocketTicket", "User"]
