"""What a plugin moved over the network on one day."""

from __future__ import annotations

from django.db import models


class Traffic(models.Model):
    """One plugin's connections and bytes of one day (UTC), of all nodes together."""

    plugin = models.ForeignKey(
        "Plugin",
        to_field="name",
        db_column="plugin",
        on_delete=models.CASCADE,
        related_name="traffic",
    )
    day = models.DateField()
    connections = models.BigIntegerField(default=0, help_text="Connections begun.")
    sent_bytes = models.BigIntegerField(default=0)
    received_bytes = models.BigIntegerField(default=0)

    class Meta:
        """One row a day."""

        ordering = ["plugin", "-day"]
        verbose_name_plural = "traffic"
        constraints = [models.UniqueConstraint(fields=["plugin", "day"], name="traffic_once_a_day")]

    def __str__(self) -> str:
        return f"{self.plugin_id} on {self.day}"
