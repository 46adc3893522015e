"""What plugins own beyond the registry's rows: tables, keys, files; kept by others, found here.

Each kind of belonging has a keeper, which whoever stores it registers once at start-up. Keepers
work in every process, also in a command beside the running server.
"""

from __future__ import annotations

import zipfile
from typing import Protocol


class Keeper(Protocol):
    """Keeps one kind of belonging for all plugins."""

    #: What people read: `database`, `cache`, `files`.
    name: str

    def summary(self, plugin: str) -> dict[str, int]:
        """Return how much there is, by what is counted: `{"tables": 2, "rows": 40}`."""

    def export(self, plugin: str, archive: zipfile.ZipFile) -> None:
        """Write all of it below a folder of the keeper's name."""

    def purge(self, plugin: str) -> None:
        """Remove all of it; harmless where there is nothing, and when it was cut off before."""


_keepers: dict[str, Keeper] = {}


def register(keeper: Keeper) -> None:
    """Add a keeper, or replace the one of its name."""
    _keepers[keeper.name] = keeper


def keepers() -> list[Keeper]:
    """All keepers, by name."""
    return [_keepers[name] for name in sorted(_keepers)]
