"""The chat API's addresses, under `api/v1/`."""

from __future__ import annotations

from django.urls import path, register_converter

from plexichat.chat.api import accounts, channels, messages
from plexichat.chat.identifiers import PUBLIC_ID_PATTERN


class PublicIdConverter:
    """A path segment that may be a public id; others are no address of the chat's."""

    regex = PUBLIC_ID_PATTERN

    def to_python(self, value: str) -> str:
        """Take the segment as it is."""
        return value

    def to_url(self, value: str) -> str:
        """Write it as it is."""
        return value


register_converter(PublicIdConverter, "public_id")

app_name = "chat"
urlpatterns = [
    path("auth/register", accounts.Register.as_view(), name="register"),
    path("auth/login", accounts.Login.as_view(), name="login"),
    path("auth/logout", accounts.Logout.as_view(), name="logout"),
    path("auth/ws-ticket", accounts.WebSocketTicket.as_view(), name="ws-ticket"),
    path("users/me", accounts.Myself.as_view(), name="me"),
    path("channels", channels.Channels.as_view(), name="channels"),
    path("channels/<public_id:channel_id>", channels.OneChannel.as_view(), name="channel"),
    path("channels/<public_id:channel_id>/members", channels.Members.as_view(), name="members"),
    path(
        "channels/<public_id:channel_id>/members/<public_id:user_id>",
        channels.OneMember.as_view(),
        name="member",
    ),
    path("channels/<public_id:channel_id>/messages", messages.Messages.as_view(), name="messages"),
    path("messages/<public_id:message_id>", messages.OneMessage.as_view(), name="message"),
]
