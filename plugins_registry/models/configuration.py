"""A plugin's stored configuration: what was set over the manifest's settings, and its history.

Secrets stand in `values` encrypted, each as `{"$secret": TOKEN}`; see `plugins_registry.sealed`.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from plugins_registry.states import Origin


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
        help_text="Empty unless a user changed it.",
    )
    origin = models.CharField(
        max_length=16, choices=Origin.choices, default=Origin.COMMAND, help_text="Who changed it."
    )
    changed_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"configuration of {self.plugin}"


class ConfigurationChange(models.Model):
    """One change of a plugin's stored configuration: who, when, and all values on both sides."""

    plugin = models.ForeignKey(
        "Plugin", on_delete=models.CASCADE, related_name="configuration_changes"
    )
    at = models.DateTimeField(default=timezone.now, editable=False)
    origin = models.CharField(max_length=16, choices=Origin.choices)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Empty unless a user changed it, or when that user is gone.",
    )
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)

    class Meta:
        """The latest first, as one looks for it."""

        ordering = ["-id"]

    def __str__(self) -> str:
        return f"change {self.pk} of {self.plugin}"

    @property
    def who(self) -> str:
        """Who changed it, for people."""
        if self.origin == Origin.USER:
            return self.user.get_username() if self.user else "a user who is gone"
        return "the plugin" if self.origin == Origin.PLUGIN else "command line"
