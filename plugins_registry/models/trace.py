"""A trace: what one plugin said about one message, and what came of it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from plugins_registry.states import Verdict


class Trace(models.Model):
    """One answer of one filter. Outlives its plugin: who touched a message stays known."""

    message_id = models.CharField(max_length=64, db_index=True)
    plugin = models.ForeignKey(
        "Plugin",
        # As in `Delivery`: no look-up, and never the reason why a message is not stored.
        to_field="name",
        db_column="plugin",
        db_constraint=False,
        db_index=False,  # the index below begins with it
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="traces",
    )
    plugin_name = models.CharField(max_length=64)
    release = models.CharField(max_length=64, blank=True, default="", help_text="The version.")
    hook = models.CharField(max_length=100)
    verdict = models.CharField(max_length=8, choices=Verdict.choices)
    applied = models.BooleanField(help_text="Whether the verdict counted; never in shadow mode.")
    took_ms = models.FloatField(help_text="How long the answer took, in milliseconds.")
    reason = models.TextField(blank=True, default="")
    before = models.JSONField(null=True, blank=True, help_text="The fields as the plugin saw them.")
    after = models.JSONField(null=True, blank=True, help_text="The fields as it wanted them.")
    at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        """In the order of the answers."""

        ordering = ["id"]
        indexes = [models.Index(fields=["plugin", "applied", "at"], name="trace_of_plugin")]
        constraints = [
            models.CheckConstraint(
                condition=Q(verdict__in=Verdict.values), name="trace_verdict_is_known"
            )
        ]

    def __str__(self) -> str:
        return f"{self.plugin_name}: {self.verdict}"
