"""The manifest: what a release declares in its `plugin.yaml`.

`read_manifest` turns hostile text into a frozen `Manifest`, or into all its problems at once.
Nothing here knows Django's models; whoever asks whether a name is taken asks the services.
"""

from __future__ import annotations

from plugins_registry.manifest.checks import CORE_VERSION
from plugins_registry.manifest.findings import Finding
from plugins_registry.manifest.reading import ManifestReading, read_manifest
from plugins_registry.manifest.record import Limits, Manifest, Requests
from plugins_registry.manifest.schema import manifest_schema

__all__ = [
    "CORE_VERSION",
    "Finding",
    "Limits",
    "Manifest",
    "ManifestReading",
    "Requests",
    "manifest_schema",
    "read_manifest",
]
