"""The places where people talk, and who is in them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from plexichat.chat.identifiers import PUBLIC_ID_LENGTH, new_public_id


class ChannelType(models.TextChoices):
    """Who may see and enter a channel."""

    #: Everyone sees and reads it, anyone may join, members post.
    PUBLIC = "public"
    #: Only members know that it exists; its creator adds them.
    PRIVATE = "private"
    #: Exactly two people, once per pair, for good.
    DIRECT = "direct"


class Channel(models.Model):
    """One place to talk."""

    #: What the outside world calls this channel (`channel_id`).
    public_id = models.CharField(
        max_length=PUBLIC_ID_LENGTH, unique=True, default=new_public_id, editable=False
    )
    #: May be empty in a direct channel only.
    name = models.CharField(max_length=80, blank=True)
    channel_type = models.CharField(max_length=10, choices=ChannelType.choices)
    creator = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="created_channels"
    )
    created_at = models.DateTimeField(default=timezone.now)
    #: The two members' primary keys, smaller first (`"3:17"`), so that a pair meets only once.
    direct_pair = models.CharField(
        max_length=48, unique=True, null=True, blank=True, default=None, editable=False
    )
    members = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        through="Membership",
        through_fields=("channel", "user"),
        related_name="channels",
    )

    class Meta:
        """What is true of every channel."""

        constraints = [
            models.CheckConstraint(
                condition=models.Q(channel_type__in=ChannelType.values),
                name="chat_channel_known_type",
            ),
            models.CheckConstraint(
                condition=models.Q(channel_type=ChannelType.DIRECT, direct_pair__isnull=False)
                | (~models.Q(channel_type=ChannelType.DIRECT) & models.Q(direct_pair__isnull=True)),
                name="chat_channel_direct_has_a_pair",
            ),
            models.CheckConstraint(
                condition=models.Q(channel_type=ChannelType.DIRECT) | ~models.Q(name=""),
                name="chat_channel_is_named",
            ),
        ]

    def __str__(self) -> str:
        return self.name or f"{self.channel_type} channel {self.public_id}"


class Membership(models.Model):
    """One user in one channel."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships"
    )
    joined_at = models.DateTimeField(default=timezone.now)
    #: Who added the user; empty when they came by themselves.
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )

    class Meta:
        """Nobody is in a channel twice."""

        constraints = [
            models.UniqueConstraint(fields=["channel", "user"], name="chat_membership_once")
        ]

    def __str__(self) -> str:
        return f"user {self.user_id} in channel {self.channel_id}"
