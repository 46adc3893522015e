"""Which of the offered releases may be taken. Pure."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from plugins_registry.manifest import CORE_VERSION


class Offered(Protocol):
    """What is known of a release before it is fetched."""

    version: str
    digest: str
    offered_at: datetime
    core: str
    python: str


Release = TypeVar("Release", bound=Offered)
#: Why a release is blocked; empty for those that are not.
Blocks = Callable[[Release], list[str]]


def refusals(
    release: Release, *, now: datetime, cooldown_days: int, blocks: Blocks[Release]
) -> list[str]:
    """Why a release is not taken; empty when it may be."""
    found = [*_misfits(release), *blocks(release)]
    ready_at = release.offered_at + timedelta(days=cooldown_days)
    if now < ready_at:
        found.append(
            f"it has been offered only since {release.offered_at:%Y-%m-%d %H:%M} UTC, and this "
            f"server waits {cooldown_days} days for others to find what is wrong with it; insist "
            f"with --now"
        )
    return found


def newest(releases: Iterable[Release]) -> list[Release]:
    """Final releases, the newest first; if there is none, those that are still being tried."""
    ordered = sorted(releases, key=lambda release: Version(release.version), reverse=True)
    return [each for each in ordered if not Version(each.version).is_prerelease] or ordered


def _misfits(release: Offered) -> list[str]:
    needs = (
        ("this server", CORE_VERSION, release.core),
        ("this server's Python", platform.python_version(), release.python),
    )
    return [
        f"{what} is {version}, and it needs {wanted!r}"
        for what, version, wanted in needs
        if not SpecifierSet(wanted).contains(version, prereleases=False)
    ]
