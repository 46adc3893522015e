"""What goes into the calls and comes out of them, for validation and for the OpenAPI document.

Input shapes say which fields there are and of which kind; whether they make sense is asked in
the services. Output shapes are documentation: the bodies are made by `payloads`.
"""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from plexichat.chat.conf import chat_settings
from plexichat.chat.identifiers import PUBLIC_ID_LENGTH
from plexichat.chat.models import ChannelType

#: Longer ones only keep the hashing busy.
PASSWORD_CHARACTERS = 256


def _public_id(**options: Any) -> serializers.CharField:
    return serializers.CharField(max_length=PUBLIC_ID_LENGTH, **options)


def _password() -> serializers.CharField:
    return serializers.CharField(
        max_length=PASSWORD_CHARACTERS, trim_whitespace=False, write_only=True
    )


class Registration(serializers.Serializer[Any]):
    """A new account."""

    username = serializers.CharField(max_length=150)
    email = serializers.EmailField(max_length=254)
    password = _password()


class Credentials(serializers.Serializer[Any]):
    """Who wants to log in."""

    username = serializers.CharField(max_length=150)
    password = _password()


class ProfileChange(serializers.Serializer[Any]):
    """What a user changes about themselves; absent fields stay."""

    email = serializers.EmailField(max_length=254, required=False)
    display_name = serializers.CharField(max_length=100, allow_blank=True, required=False)


class NewChannel(serializers.Serializer[Any]):
    """A channel to be made; a direct one needs no name and exactly one member besides oneself."""

    name = serializers.CharField(max_length=80, allow_blank=True, default="")
    channel_type = serializers.ChoiceField(choices=ChannelType.choices)
    members = serializers.ListField(child=_public_id(), default=list)

    def validate_members(self, members: list[str]) -> list[str]:
        """Keep one call from naming everybody."""
        if len(members) > chat_settings.initial_members:
            raise serializers.ValidationError(
                f"At most {chat_settings.initial_members} members may be named; add the rest later."
            )
        return members


class NewMember(serializers.Serializer[Any]):
    """Who is to enter a channel; oneself when absent."""

    user_id = _public_id(required=False)


class NewMessage(serializers.Serializer[Any]):
    """Something to be said."""

    content = serializers.CharField(trim_whitespace=False)
    message_type = serializers.CharField(max_length=32, default="text")
    metadata = serializers.DictField(default=dict)


class MessageChange(serializers.Serializer[Any]):
    """A message's new words."""

    content = serializers.CharField(trim_whitespace=False)


class Deletion(serializers.Serializer[Any]):
    """Why a message is taken back."""

    reason = serializers.CharField(max_length=500, allow_blank=True, default="")


class PageWish(serializers.Serializer[Any]):
    """Which stretch of a list is wanted."""

    before = _public_id(required=False)
    limit = serializers.IntegerField(min_value=1, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Fill in the usual limit, and cut one that asks for too much."""
        limit = attrs.get("limit", chat_settings.page_size)
        return {
            "before": attrs.get("before"),
            "limit": min(limit, chat_settings.page_size_maximum),
        }


class Problem(serializers.Serializer[Any]):
    """Why a call was refused."""

    code = serializers.CharField(help_text="Stable; made for programs.")
    detail = serializers.CharField(help_text="Made for people.")
    errors = serializers.DictField(  # type: ignore[assignment]  # DRF takes fields off the class
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        help_text="With `invalid`: what is wrong, by field.",
    )


class Account(serializers.Serializer[Any]):
    """An account as its owner sees it."""

    user_id = _public_id()
    username = serializers.CharField()
    email = serializers.EmailField()
    display_name = serializers.CharField()
    registration_date = serializers.DateTimeField()


class NewAccount(Account):
    """An account and its first token."""

    token = serializers.CharField()


class Login(serializers.Serializer[Any]):
    """A new token, shown this once."""

    user_id = _public_id()
    username = serializers.CharField()
    token = serializers.CharField()


class Ticket(serializers.Serializer[Any]):
    """Opens one live socket, once, within half a minute: `/ws/chat?ticket=…`."""

    ticket = serializers.CharField()


class ChannelFacts(serializers.Serializer[Any]):
    """A channel."""

    channel_id = _public_id()
    name = serializers.CharField(allow_blank=True)
    channel_type = serializers.ChoiceField(choices=ChannelType.choices)
    creator_id = _public_id()
    creation_time = serializers.DateTimeField()
    members = serializers.ListField(child=_public_id())


class ChannelPage(serializers.Serializer[Any]):
    """Channels, newest first."""

    channels = ChannelFacts(many=True)
    next_before = _public_id(allow_null=True, help_text="`before` of the next page, if any.")


class MembershipFacts(serializers.Serializer[Any]):
    """Someone's place in a channel."""

    channel_id = _public_id()
    user_id = _public_id()
    join_time = serializers.DateTimeField()
    invited_by = _public_id(allow_null=True)


class MessageFacts(serializers.Serializer[Any]):
    """A message."""

    message_id = _public_id()
    user_id = _public_id()
    channel_id = _public_id()
    content = serializers.CharField()
    timestamp = serializers.DateTimeField()
    message_type = serializers.CharField()
    metadata = serializers.DictField()
    edit_time = serializers.DateTimeField(allow_null=True)


class MessagePage(serializers.Serializer[Any]):
    """Messages, newest first."""

    messages = MessageFacts(many=True)
    next_before = _public_id(allow_null=True, help_text="`before` of the next page, if any.")
