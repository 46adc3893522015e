"""The life of a release on this server, stage by stage, as the reference draws it."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from plugins_registry.states import Stage


class LifecycleStage(models.Model):
    """One stage that a release reached, when, and why."""

    release = models.ForeignKey("Release", on_delete=models.CASCADE, related_name="stages")
    stage = models.CharField(max_length=32, choices=Stage.choices)
    at = models.DateTimeField(default=timezone.now)
    reason = models.TextField(blank=True, default="")

    class Meta:
        """In the order in which they were reached."""

        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(stage__in=Stage.values), name="stage_is_known"
            )
        ]

    def __str__(self) -> str:
        return f"{self.release}: {self.get_stage_display()}"
