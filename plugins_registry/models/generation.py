"""One number that counts the registry's changes, so that others can ask "anything new?" cheaply."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

ONLY_ROW = 1


class GenerationManager(models.Manager["Generation"]):
    """Reads and advances the one row."""

    def current(self) -> int:
        """The number as it is; 0 before the first change."""
        return self.filter(pk=ONLY_ROW).values_list("value", flat=True).first() or 0

    def advance(self) -> int:
        """Count one change and return the new number.

        Call it first in a transaction: the row stays locked until commit, which puts all changes
        of the registry in a queue, so that two installs cannot claim the same path.
        """
        if not self.filter(pk=ONLY_ROW).update(value=F("value") + 1):
            self.get_or_create(pk=ONLY_ROW)
            self.filter(pk=ONLY_ROW).update(value=F("value") + 1)
        return self.current()


class Generation(models.Model):
    """The counter's only row."""

    value = models.PositiveBigIntegerField(default=0)

    objects = GenerationManager()

    class Meta:
        """The counter cannot be forked by a second row."""

        constraints = [
            models.CheckConstraint(condition=Q(pk=ONLY_ROW), name="generation_has_one_row")
        ]

    def __str__(self) -> str:
        return str(self.value)
