"""A job: what a plugin wants to run again and again, when it runs next, and how it went."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from plugins_registry.states import JobOutcome


class Job(models.Model):
    """One scheduled job of one plugin, and the lease of whoever runs it at the moment."""

    plugin = models.ForeignKey(
        "Plugin",
        # By name, as deliveries: whoever runs a job knows its plugin by name only.
        to_field="name",
        db_column="plugin",
        db_index=False,  # the unique constraint begins with it
        on_delete=models.CASCADE,
        related_name="jobs",
    )
    name = models.CharField(max_length=100)
    every_seconds = models.FloatField(default=0, help_text="0 when the cron text says when.")
    cron = models.CharField(max_length=200, blank=True, default="")
    next_at = models.DateTimeField(db_index=True, help_text="Not run before.")

    holder = models.CharField(max_length=64, blank=True, default="", help_text="Who runs it now.")
    until = models.DateTimeField(
        default=timezone.now, help_text="When the lease ends by itself: a killed runner keeps none."
    )
    attempts = models.PositiveSmallIntegerField(
        default=0, help_text="Runs begun for the time that is due now; more than one were cut off."
    )

    last_at = models.DateTimeField(null=True, blank=True, help_text="When it last began.")
    last_ms = models.FloatField(null=True, blank=True, help_text="How long that took.")
    last_outcome = models.CharField(
        max_length=8, choices=JobOutcome.choices, blank=True, default=""
    )
    last_error = models.TextField(blank=True, default="", help_text="Why the last failure failed.")
    runs = models.PositiveBigIntegerField(default=0)
    failures = models.PositiveBigIntegerField(default=0)

    class Meta:
        """One of each name per plugin, with one schedule."""

        ordering = ["plugin", "name"]
        constraints = [
            models.UniqueConstraint(fields=["plugin", "name"], name="job_once_per_plugin"),
            models.CheckConstraint(
                condition=(Q(every_seconds__gt=0) & Q(cron=""))
                | (Q(every_seconds=0) & ~Q(cron="")),
                name="job_has_one_schedule",
            ),
            models.CheckConstraint(
                condition=Q(last_outcome__in=["", *JobOutcome.values]),
                name="job_outcome_is_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plugin_id}: {self.name}"

    @property
    def schedule(self) -> str:
        """When it runs, for people."""
        return self.cron or f"every {self.every_seconds:g} s"
