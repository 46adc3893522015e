"""A call: what a plugin was asked lately, how long it took and how it ended."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from plugins_registry.states import CallOutcome


class Call(models.Model):
    """One call, or the beginning or end of a socket. Only the newest of a plugin are kept."""

    plugin = models.ForeignKey(
        "Plugin",
        # As in `Delivery`: no look-up, and a plugin that goes away breaks nothing.
        to_field="name",
        db_column="plugin",
        db_constraint=False,
        db_index=False,  # the index below begins with it
        on_delete=models.CASCADE,
        related_name="calls",
    )
    kind = models.CharField(max_length=16, help_text="What was called: filter, endpoint, …")
    target = models.CharField(
        max_length=300, blank=True, default="", help_text="The hook or the address as declared."
    )
    at = models.DateTimeField(default=timezone.now, help_text="When it began.")
    took_ms = models.FloatField(help_text="How long it took, in milliseconds.")
    outcome = models.CharField(max_length=12, choices=CallOutcome.choices)
    code = models.CharField(
        max_length=100, blank=True, default="", help_text="The failure's code, if it failed."
    )

    class Meta:
        """In the order in which they were written."""

        ordering = ["id"]
        indexes = [models.Index(fields=["plugin", "id"], name="call_of_plugin")]
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome__in=CallOutcome.values), name="call_outcome_is_known"
            )
        ]

    def __str__(self) -> str:
        return f"{self.plugin_id}: {self.kind} {self.target} {self.outcome}"
