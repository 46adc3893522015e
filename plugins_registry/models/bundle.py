"""Bundled plugins that an admin uninstalled, so that the next start does not bring them back."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class DeclinedBundle(models.Model):
    """The name of a bundled plugin that shall stay away until somebody installs it by hand."""

    name = models.CharField(max_length=64, unique=True)
    declined_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return self.name
