"""A release: one version of a plugin, unpacked and immutable."""

from __future__ import annotations

from pathlib import Path

from django.db import models
from django.utils import timezone

from plugins_registry.conf import conf
from plugins_registry.manifest import Manifest
from plugins_registry.scanning import Report
from plugins_registry.states import Signature


class Release(models.Model):
    """One unpacked package and what is known about it."""

    plugin = models.ForeignKey("Plugin", on_delete=models.CASCADE, related_name="releases")
    version = models.CharField(max_length=64)
    digest = models.CharField(max_length=64, help_text="SHA-256 over all paths and contents.")
    path = models.CharField(max_length=255, help_text="Folder, relative to the server's home.")
    manifest = models.JSONField(help_text="What the release declares.")
    description = models.JSONField(
        null=True, blank=True, help_text="What it offered when it was loaded; empty before."
    )
    scan = models.JSONField(
        null=True, blank=True, help_text="What its code says, read without running it."
    )
    signature = models.CharField(
        max_length=16, choices=Signature.choices, default=Signature.UNSIGNED
    )
    publisher = models.CharField(
        max_length=100, blank=True, default="", help_text="Who vouches for it."
    )
    key_id = models.CharField(max_length=16, blank=True, default="", help_text="With which key.")
    environment = models.CharField(
        max_length=255,
        blank=True,
        default="",
        help_text="Folder of its packages, relative to the server's home; empty without any.",
    )
    environment_digest = models.CharField(
        max_length=64, blank=True, default="", help_text="SHA-256 over its packages' files."
    )
    lock = models.TextField(
        blank=True, default="", help_text="Its packages in exact versions, with their hashes."
    )
    built_for = models.CharField(
        max_length=64, blank=True, default="", help_text="The interpreter its packages fit."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        """The same bytes are one release."""

        ordering = ["plugin", "-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["plugin", "digest"], name="release_digest_once"),
            models.CheckConstraint(
                condition=models.Q(signature__in=Signature.values), name="release_signature_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plugin.name} {self.version}"

    @property
    def root(self) -> Path:
        """The folder that holds the release's files."""
        return conf.HOME / self.path

    @property
    def site_packages(self) -> tuple[Path, ...]:
        """The folders with its packages: one, or none."""
        return (conf.HOME / self.environment,) if self.environment else ()

    @property
    def folders(self) -> tuple[str, ...]:
        """All that it has on disk, relative to the server's home."""
        return (self.path, self.environment) if self.environment else (self.path,)

    @property
    def declared(self) -> Manifest:
        """The manifest as a record."""
        return Manifest.model_validate(self.manifest)

    @property
    def scanned(self) -> Report | None:
        """What the scan of its code found; None when it was installed before there was one."""
        return None if self.scan is None else Report.from_json(self.scan)
