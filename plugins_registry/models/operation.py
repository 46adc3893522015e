"""An operation: long work on a plugin that people want to follow."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from plugins_registry.states import OperationState


class Operation(models.Model):
    """One install, upgrade or return: its steps as they come, and how it ended."""

    kind = models.CharField(max_length=16, help_text="install, upgrade, rollback, …")
    plugin = models.CharField(
        max_length=64, blank=True, default="", db_index=True, help_text="Empty until it is known."
    )
    release = models.CharField(max_length=64, blank=True, default="")
    state = models.CharField(
        max_length=16, choices=OperationState.choices, default=OperationState.RUNNING
    )
    steps = models.JSONField(
        default=list, help_text="What was done: name, text, when, and how much of how many."
    )
    reason = models.TextField(blank=True, default="", help_text="Why it failed.")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Empty when it was begun from the command line.",
    )
    started_at = models.DateTimeField(default=timezone.now, editable=False)
    seen_at = models.DateTimeField(
        default=timezone.now, help_text="When it last gave a sign of life."
    )

    class Meta:
        """The latest first."""

        ordering = ["-started_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=OperationState.values), name="operation_state_is_known"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.plugin or 'a package'}"
