"""The bin: uninstalled plugins, which can come back for some days."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone


class BinEntry(models.Model):
    """One uninstalled plugin: its rows as they were, while its data still lies where it was."""

    name = models.CharField(max_length=64, unique=True)
    uninstalled_at = models.DateTimeField(default=timezone.now, editable=False)
    uninstalled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Empty when it was uninstalled from the command line.",
    )
    rows = models.JSONField(default=list, help_text="The registry's rows, serialized.")
    holders = models.JSONField(
        default=dict, help_text="Who held its permissions: by permission, users and groups."
    )
    release_paths = models.JSONField(default=list, help_text="Its releases' folders.")
    purge = models.BooleanField(
        default=False, help_text="Whether it shall be emptied as soon as possible."
    )

    class Meta:
        """The latest first, as one looks for it."""

        verbose_name_plural = "bin entries"
        ordering = ["-uninstalled_at"]

    def __str__(self) -> str:
        return self.name
