"""Publishers: those whose signature an admin trusts, each with the keys they sign with."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone


class Publisher(models.Model):
    """Somebody who vouches for releases."""

    name = models.CharField(max_length=100, unique=True)
    added_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return self.name


class PublisherKey(models.Model):
    """One Ed25519 key of a publisher; rotation adds one and revokes another."""

    publisher = models.ForeignKey(Publisher, on_delete=models.CASCADE, related_name="keys")
    key_id = models.CharField(max_length=16, unique=True)
    public_key = models.CharField(max_length=44, help_text="32 bytes in base64.")
    added_at = models.DateTimeField(default=timezone.now, editable=False)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Empty when it was added from the command line.",
    )
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_reason = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        """The newest first."""

        ordering = ["publisher", "-added_at"]

    def __str__(self) -> str:
        return f"{self.publisher}: {self.key_id}"
