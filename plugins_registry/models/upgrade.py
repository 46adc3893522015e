"""An upgrade: one release taking another one's place, on trial, then under watch."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from plugins_registry.states import UpgradeState


class Upgrade(models.Model):
    """From which release to which, how far it is, and what was found on the way."""

    plugin = models.ForeignKey("Plugin", on_delete=models.CASCADE, related_name="upgrades")
    from_release = models.ForeignKey(
        "Release", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    to_release = models.ForeignKey(
        "Release", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    #: The releases' versions, which outlive their rows.
    from_version = models.CharField(max_length=64, blank=True, default="")
    to_version = models.CharField(max_length=64, blank=True, default="")
    state = models.CharField(max_length=16, choices=UpgradeState.choices)
    reason = models.TextField(blank=True, default="", help_text="Why it was refused or returned.")
    report = models.JSONField(default=dict, help_text="What was tried and what came of it.")
    former_configuration = models.JSONField(
        null=True, blank=True, help_text="What was stored before, for the way back."
    )
    holder = models.CharField(
        max_length=64, blank=True, default="", help_text="The node that carries it out."
    )
    held_at = models.DateTimeField(null=True, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Empty when it was begun from the command line.",
    )
    begun_at = models.DateTimeField(default=timezone.now, editable=False)
    switched_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        """One at a time for each plugin."""

        ordering = ["-begun_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=UpgradeState.values), name="upgrade_state_is_known"
            ),
            models.UniqueConstraint(
                fields=["plugin"],
                condition=Q(state__in=[UpgradeState.TRIAL, UpgradeState.WATCHED]),
                name="upgrade_one_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plugin}: {self.from_version} to {self.to_version}"
