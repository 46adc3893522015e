"""A plugin's queue as something that one drain at a time may hold."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class Queue(models.Model):
    """The lease on one plugin's waiting deliveries; absent until first taken."""

    plugin = models.OneToOneField(
        "Plugin",
        to_field="name",
        db_column="plugin",
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="queue",
    )
    holder = models.CharField(
        max_length=64, blank=True, default="", help_text="The drain that holds it."
    )
    until = models.DateTimeField(
        default=timezone.now, help_text="When the lease ends by itself: a killed drain keeps none."
    )

    def __str__(self) -> str:
        return f"queue of {self.plugin_id}"
