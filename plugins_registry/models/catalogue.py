"""Remote catalogues: where they are, what they offer, what they block."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone


class Catalogue(models.Model):
    """A remote catalogue that an admin added."""

    name = models.CharField(max_length=64, unique=True)
    url = models.CharField(max_length=500)
    root = models.TextField(help_text="The metadata at which all trust in it begins.")
    allow_private = models.BooleanField(
        default=False, help_text="It may be inside a private network."
    )
    heeds_blocks = models.BooleanField(
        default=True, help_text="What it blocks is stopped on this server."
    )
    added_at = models.DateTimeField(default=timezone.now, editable=False)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    checked_at = models.DateTimeField(null=True, blank=True, help_text="When it was last asked.")
    refreshed_at = models.DateTimeField(
        null=True, blank=True, help_text="When it last gave an answer that could be believed."
    )
    problem = models.TextField(
        blank=True, default="", help_text="Why the last answer could not be believed."
    )

    class Meta:
        """By name."""

        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class CataloguePlugin(models.Model):
    """A plugin that a catalogue offers."""

    catalogue = models.ForeignKey(Catalogue, on_delete=models.CASCADE, related_name="plugins")
    name = models.CharField(max_length=64)
    summary = models.CharField(max_length=300, blank=True, default="")
    publisher = models.CharField(
        max_length=300, blank=True, default="", help_text="Who wrote it, as the catalogue says."
    )
    category = models.CharField(max_length=300, blank=True, default="")
    tags = models.JSONField(blank=True, default=list)
    icon = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        """A name is one plugin within a catalogue."""

        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["catalogue", "name"], name="catalogue_plugin_once")
        ]

    def __str__(self) -> str:
        return self.name


class CatalogueRelease(models.Model):
    """A release that a catalogue offers."""

    plugin = models.ForeignKey(CataloguePlugin, on_delete=models.CASCADE, related_name="releases")
    version = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)
    target = models.CharField(max_length=255, help_text="The archive's path in the catalogue.")
    published_at = models.DateTimeField(help_text="As the catalogue says.")
    offered_at = models.DateTimeField(help_text="Since when its age counts on this server.")
    core = models.CharField(max_length=200, blank=True, default="")
    python = models.CharField(max_length=200, blank=True, default="")
    capabilities = models.JSONField(blank=True, default=list)

    class Meta:
        """A version is one release."""

        ordering = ["plugin", "-offered_at"]
        constraints = [
            models.UniqueConstraint(fields=["plugin", "version"], name="catalogue_release_once")
        ]

    def __str__(self) -> str:
        return f"{self.plugin.name} {self.version}"


class BlockedRelease(models.Model):
    """A release that a catalogue wants nobody to run."""

    catalogue = models.ForeignKey(Catalogue, on_delete=models.CASCADE, related_name="blocks")
    name = models.CharField(max_length=64, blank=True, default="")
    version = models.CharField(
        max_length=64, blank=True, default="", help_text="Empty for all versions of the name."
    )
    digest = models.CharField(max_length=64, blank=True, default="")
    reason = models.CharField(max_length=300)
    since = models.DateTimeField(default=timezone.now, editable=False)
    overruled = models.BooleanField(
        default=False, help_text="An admin has looked at it and lets the release run."
    )

    class Meta:
        """Each release is blocked once by a catalogue."""

        ordering = ["name", "version"]
        constraints = [
            models.UniqueConstraint(
                fields=["catalogue", "name", "version", "digest"], name="block_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.version}".strip() or self.digest
