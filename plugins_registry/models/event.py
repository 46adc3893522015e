"""An event: what happened once, written together with the fact itself."""

from __future__ import annotations

from uuid import uuid4

from django.db import models
from django.utils import timezone


class Event(models.Model):
    """One row per event, however many plugins it is owed to."""

    event_id = models.UUIDField(
        primary_key=True,
        default=uuid4,
        editable=False,
        help_text="By this a plugin recognises an event that it is told again.",
    )
    hook = models.CharField(max_length=100)
    payload = models.JSONField(help_text="What the handler is given.")
    occurred_at = models.DateTimeField(default=timezone.now)
    origin = models.CharField(
        max_length=64, blank=True, default="", help_text="The plugin that emitted it, or empty."
    )
    depth = models.PositiveSmallIntegerField(
        default=0, help_text="How many events led to this one, each emitted by a plugin."
    )

    class Meta:
        """Newest first."""

        ordering = ["-occurred_at"]

    def __str__(self) -> str:
        return f"{self.hook} {self.event_id}"
