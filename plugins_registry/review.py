"""What an admin reviews: how the surface of one release differs from another's. Pure.

The surface is what a release asks for, answers to, brings along and may use, and what the scan
found in its code. Both sides may be an installed `Release` or a package that was only looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from plugins_registry import capabilities
from plugins_registry.manifest import Manifest
from plugins_registry.manifest.hooks import resolve
from plugins_registry.manifest.quantities import written_cpu, written_memory
from plugins_registry.scanning import Report, Severity

#: The rubrics of a difference, in the order in which they matter.
RUBRICS = (
    *("required capability", "optional capability", "hook", "endpoint", "socket", "job"),
    *("permission", "package", "plugin", "host", "table", "limit", "finding"),
)


class Reviewed(Protocol):
    """Something with a manifest and, if it was scanned, a report."""

    @property
    def declared(self) -> Manifest | None:
        """What it declares; None when it declares nothing that can be read."""

    @property
    def scanned(self) -> Report | None:
        """What its code says; None when nobody looked."""


class Sign(StrEnum):
    """Which way it changed."""

    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, kw_only=True)
class Change:
    """One thing that one release has and the other has not."""

    sign: Sign
    #: One of `RUBRICS`.
    rubric: str
    what: str

    def __str__(self) -> str:
        mark = "+" if self.sign is Sign.ADDED else "-"
        if self.rubric.endswith("capability") and self.sign is Sign.ADDED:
            return f"{mark} {self.rubric}: {capabilities.meaning(self.what)}"
        return f"{mark} {self.rubric}: {self.what}"


def differences(old: Reviewed, new: Reviewed) -> list[Change]:
    """What the new release adds and removes, by rubric; empty when its surface is the same.

    Limits appear as the one removed and the one added. Findings are compared without their lines,
    notes left out. A release that was never scanned is compared by its manifest alone.
    """
    reports = (old.scanned, new.scanned)
    if None in reports:
        # What only a scan knows is not new because nobody had looked before.
        reports = (None, None)
    before, after = _surface(old.declared, reports[0]), _surface(new.declared, reports[1])
    return [
        change for rubric in RUBRICS for change in _changes(rubric, before[rubric], after[rubric])
    ]


def _changes(rubric: str, before: frozenset[str], after: frozenset[str]) -> Iterator[Change]:
    for sign, things in ((Sign.REMOVED, before - after), (Sign.ADDED, after - before)):
        for what in sorted(things):
            yield Change(sign=sign, rubric=rubric, what=what)


def _surface(manifest: Manifest | None, scanned: Report | None) -> dict[str, frozenset[str]]:
    report = scanned or Report()
    declared = _declared(manifest) if manifest else {}
    found = {rubric: frozenset(declared.get(rubric, ())) for rubric in RUBRICS}
    answered = {path.rpartition(" ")[2] for path in (*report.endpoints, *report.sockets)}
    endpoints = {*report.endpoints, *(found["endpoint"] - answered)}
    return {
        **found,
        "hook": found["hook"] | _resolved(report.hooks),
        "endpoint": frozenset(endpoints),
        "socket": frozenset(report.sockets),
        "job": frozenset(report.jobs),
        "permission": found["permission"] | frozenset(report.permissions),
        "host": frozenset(report.hosts),
        "table": frozenset((*report.tables, *report.views)),
        "finding": frozenset(
            each.identity for each in report.findings if each.severity is not Severity.NOTE
        ),
    }


def _declared(manifest: Manifest) -> Mapping[str, Iterable[str]]:
    limits = manifest.limits
    return {
        "required capability": manifest.required_capabilities,
        "optional capability": manifest.optional_capabilities,
        "hook": manifest.hooks,
        "endpoint": manifest.endpoints or (),
        "permission": manifest.user_permissions,
        "package": manifest.packages,
        "plugin": manifest.plugins,
        "limit": (
            f"cpu {written_cpu(limits.cpu_millicores)}",
            f"memory {written_memory(limits.memory_bytes)}",
        ),
    }


def _resolved(names: Iterable[str]) -> frozenset[str]:
    return frozenset(resolve(name.strip()) for name in names)
