"""What was said."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Abs
from django.utils import timezone

from plexichat.chat.identifiers import PUBLIC_ID_LENGTH, new_public_id
from plexichat.chat.models.channels import Channel

#: A message's place in time: its primary key, but under a function. PostgreSQL would otherwise
#: walk the primary key's own index backwards as soon as it takes a channel for a busy one, and
#: read every newer message of all other channels to find the first page of one fallen quiet.
POSITION = Abs("id")


class MessageQuerySet(models.QuerySet["Message"]):
    """Messages, with the chat's own words for choosing among them."""

    def visible(self) -> MessageQuerySet:
        """Leave deleted messages out."""
        return self.filter(deleted_at__isnull=True)

    def newest_first(self, channel: Channel, *, before: int | None = None) -> MessageQuerySet:
        """Return a channel's visible messages, latest first, `before` a primary key if given.

        Exactly what the index `chat_message_page` holds in order: a page costs its own rows.
        """
        page = self.visible().filter(channel=channel).annotate(position=POSITION)
        if before is not None:
            page = page.filter(position__lt=before)
        return page.order_by("-position").select_related("author", "channel")


class Message(models.Model):
    """One message in one channel.

    A deleted message stays as an empty row: its words and metadata are wiped at once, but its
    id goes on to work as a page cursor and whoever hears of the deletion later can find when,
    by whom and why.
    """

    #: What the outside world calls this message (`message_id`).
    public_id = models.CharField(
        max_length=PUBLIC_ID_LENGTH, unique=True, default=new_public_id, editable=False
    )
    # No index of its own: `chat_message_page` begins with it.
    channel = models.ForeignKey(
        Channel, on_delete=models.CASCADE, related_name="messages", db_index=False
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="messages"
    )
    content = models.TextField(blank=True)
    #: `text` unless the client says otherwise (`file`, `image`…); clients decide what it means.
    message_type = models.CharField(max_length=32, default="text")
    #: A JSON object for clients and plugins; the chat never looks inside.
    metadata = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    edited_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    deleted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    deletion_reason = models.CharField(max_length=500, blank=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        """How a page is found, and that only deleted messages are empty."""

        indexes = [
            models.Index(
                "channel",
                POSITION.desc(),
                condition=models.Q(deleted_at__isnull=True),
                name="chat_message_page",
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(content="") | models.Q(deleted_at__isnull=False),
                name="chat_message_says_something",
            ),
            models.CheckConstraint(
                condition=models.Q(content="") | models.Q(deleted_at__isnull=True),
                name="chat_message_deleted_is_wiped",
            ),
        ]

    def __str__(self) -> str:
        return f"message {self.public_id}"
