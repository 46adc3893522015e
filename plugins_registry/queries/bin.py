"""What lies in the bin."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from plugins_registry.conf import conf
from plugins_registry.models import BinEntry, Release


@dataclass(frozen=True, kw_only=True)
class Binned:
    """One uninstalled plugin that can be restored."""

    name: str
    #: Of the newest release it had.
    version: str
    uninstalled_at: datetime
    #: When its data and files go.
    goes_at: datetime


def bin_entries() -> list[Binned]:
    """Everything that can be restored, the latest first."""
    return [
        Binned(
            name=entry.name,
            version=_version(entry),
            uninstalled_at=entry.uninstalled_at,
            goes_at=entry.uninstalled_at + timedelta(days=conf.BIN_DAYS),
        )
        for entry in BinEntry.objects.filter(purge=False)
    ]


def _version(entry: BinEntry) -> str:
    label = Release._meta.label_lower
    versions = [row["fields"]["version"] for row in entry.rows if row["model"] == label]
    return versions[0] if versions else ""
