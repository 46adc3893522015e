"""A delivery: one event owed to one plugin, remembered until done."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from plugins_registry.states import DeliveryState


class Delivery(models.Model):
    """What is owed. Waiting ones are a plugin's queue, dead ones rest until an admin acts."""

    event = models.ForeignKey(
        "Event",
        on_delete=models.CASCADE,
        db_index=False,  # the unique constraint begins with it
        related_name="deliveries",
    )
    plugin = models.ForeignKey(
        "Plugin",
        # By name and without a constraint: writing an event needs no look-up of ids, and a plugin
        # that is uninstalled at the same moment cannot make the fact's own transaction fail.
        to_field="name",
        db_column="plugin",
        db_constraint=False,
        db_index=False,  # the index below begins with it
        on_delete=models.CASCADE,
        related_name="deliveries",
    )
    hook = models.CharField(max_length=100, help_text="The event's, to filter without a join.")
    state = models.CharField(
        max_length=8, choices=DeliveryState.choices, default=DeliveryState.WAITING
    )
    due_at = models.DateTimeField(default=timezone.now, help_text="Not tried before.")
    attempts = models.PositiveSmallIntegerField(default=0, help_text="Tries that failed.")
    cursor = models.CharField(
        max_length=200, blank=True, default="", help_text="How far a long delivery has come."
    )
    error = models.TextField(blank=True, default="", help_text="Why the last try failed.")
    traceback = models.TextField(blank=True, default="")
    settled_at = models.DateTimeField(null=True, blank=True, help_text="When it was done or dead.")

    class Meta:
        """In the order in which they were written."""

        verbose_name_plural = "deliveries"
        ordering = ["id"]
        indexes = [
            models.Index(fields=["plugin", "state", "id"], name="delivery_queue"),
            models.Index(
                fields=["settled_at"],
                condition=Q(settled_at__isnull=False),
                name="delivery_settled",
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["event", "plugin"], name="delivery_once_per_plugin"),
            models.CheckConstraint(
                condition=Q(state__in=DeliveryState.values), name="delivery_state_is_known"
            ),
            models.CheckConstraint(
                condition=Q(state=DeliveryState.WAITING, settled_at__isnull=True)
                | (~Q(state=DeliveryState.WAITING) & Q(settled_at__isnull=False)),
                name="delivery_settled_has_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.hook} to {self.plugin_id}"
