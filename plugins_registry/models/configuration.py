"""A plugin's stored configuration: what an admin set, over the manifest's settings."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone


class Configuration(models.Model):
    """The values that differ from the manifest's; one row per plugin, absent until first set."""

    plugin = models.OneToOneField(
        "Plugin", on_delete=models.CASCADE, related_name="configuration", primary_key=True
    )
    values = models.JSONField(default=dict, blank=True)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Empty when it was changed from the command line.",
    )
    changed_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"configuration of {self.plugin}"
