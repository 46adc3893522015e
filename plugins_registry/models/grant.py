"""A grant: one capability that an admin allowed to one plugin."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone


class Grant(models.Model):
    """One capability, allowed; its absence is the refusal."""

    plugin = models.ForeignKey("Plugin", on_delete=models.CASCADE, related_name="grants")
    capability = models.CharField(max_length=300)
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Empty when it was granted from the command line.",
    )
    granted_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        """Nothing is granted twice."""

        ordering = ["plugin", "capability"]
        constraints = [
            models.UniqueConstraint(fields=["plugin", "capability"], name="grant_capability_once")
        ]

    def __str__(self) -> str:
        return f"{self.plugin}: {self.capability}"
