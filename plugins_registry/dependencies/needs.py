"""What one plugin needs of another: a name and a range of versions."""

from __future__ import annotations

from dataclasses import dataclass

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet


@dataclass(frozen=True, kw_only=True)
class Need:
    """One entry of a manifest's `dependencies.plugins`."""

    #: The needed plugin; a dash may stand for an underscore, as in names of packages.
    plugin: str
    #: As the manifest has it.
    text: str
    #: Which of its versions do; empty means any.
    versions: str = ""

    def is_met_by(self, version: str) -> bool:
        """Whether this version of the plugin does."""
        return SpecifierSet(self.versions).contains(version, prereleases=True)


def need_of(text: str) -> Need:
    """Read one entry of a checked manifest."""
    requirement = Requirement(text)
    return Need(
        plugin=requirement.name.lower().replace("-", "_"),
        text=text,
        versions=str(requirement.specifier),
    )
