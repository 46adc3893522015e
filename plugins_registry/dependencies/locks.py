"""Locks: exact versions with hashes, as uv writes them and as people see them."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PIN = re.compile(r"^(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)==(?P<version>[^\s;\\]+)", re.MULTILINE)
_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class Package:
    """One package in exactly one version."""

    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


def packages_of(lock: str) -> tuple[Package, ...]:
    """The packages of a lock, in its order."""
    return tuple(
        Package(name=found["name"], version=found["version"]) for found in _PIN.finditer(lock)
    )


def is_complete(lock: str) -> bool:
    """Whether every package is pinned to an exact version with at least one hash."""
    blocks = [block for block in re.split(r"\n(?=\S)", lock.strip()) if block.strip()]
    return all(_PIN.match(block) and _HASH.search(block) for block in blocks)
