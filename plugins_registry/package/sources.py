"""Whether a package holds the module in which the plugin's class stands."""

from __future__ import annotations

from collections.abc import Iterable

from plugins_registry.manifest import Manifest
from plugins_registry.package.destination import PackedFile
from plugins_registry.scanning.entries import entry_files


def entry_problem(manifest: Manifest, files: Iterable[PackedFile]) -> str | None:
    """Why no module can hold the plugin's class; None when one can."""
    candidates = entry_files(manifest)
    if {file.path for file in files}.intersection(candidates):
        return None
    return f"there is no {' and no '.join(candidates)}; put the plugin's class into one of them"
