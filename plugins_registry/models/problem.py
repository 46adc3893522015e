"""A problem: something an admin should look at, merged by key, dismissable."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone


class Problem(models.Model):
    """One kind of trouble of one plugin, or of the server when `plugin` is empty."""

    plugin = models.ForeignKey(
        "Plugin", null=True, blank=True, on_delete=models.CASCADE, related_name="problems"
    )
    key = models.CharField(max_length=120, help_text="What makes two occurrences the same.")
    message = models.TextField()
    count = models.PositiveBigIntegerField(default=1)
    first_seen = models.DateTimeField(default=timezone.now)
    last_seen = models.DateTimeField(default=timezone.now)
    details = models.JSONField(default=dict, blank=True, help_text="Facts of the last occurrence.")
    dismissed = models.BooleanField(
        default=False, help_text="An admin has seen it; it comes back when it happens again."
    )

    class Meta:
        """Occurrences with the same key are one problem."""

        ordering = ["-last_seen"]
        constraints = [
            models.UniqueConstraint(fields=["plugin", "key"], name="problem_key_once_per_plugin"),
            # SQL holds two NULLs for different, so the server's own problems need their own rule.
            models.UniqueConstraint(
                fields=["key"], condition=Q(plugin__isnull=True), name="problem_key_once_server"
            ),
        ]

    def __str__(self) -> str:
        return self.message
