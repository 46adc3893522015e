"""What a catalogue offers: an index of plugins with their releases, and a list of blocked ones.

Both are JSON files that the catalogue's metadata signs for. Servers read them with bounds of
their own; here they are kept in order.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from .failure import Failure
from .packing import Package

INDEX, BLOCKS = "index.json", "blocks.json"
FORMAT = 1
SUMMARY_CHARACTERS, REASON_CHARACTERS = 300, 300
_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
_NAME = re.compile(r"([A-Za-z][A-Za-z0-9_-]{0,63})(?:==([^=\s]{1,64}))?")


class Shelf:
    """The index and the block list in memory."""

    def __init__(self, plugins: list[dict[str, Any]], blocks: list[dict[str, str]]) -> None:
        self._plugins = plugins
        self._blocks = blocks

    @classmethod
    def read(cls, index: bytes | None, blocks: bytes | None) -> Shelf:
        """Read what was published before; None is a new catalogue's."""
        return cls(_listed(index, "plugins"), _listed(blocks, "blocks"))

    def add(self, package: Package, *, target: str, now: datetime) -> bool:
        """Offer one more release; False when it was offered before, the very same."""
        entry = self._entry(package)
        releases: list[dict[str, Any]] = entry["releases"]
        for release in releases:
            if release["version"] == package.version:
                if release["digest"] == package.digest:
                    return False
                raise Failure(
                    f"{package.name} {package.version} is in the catalogue with other contents; "
                    f"give the new contents a new version"
                )
        releases.append(_release(package, target, now))
        entry |= _facts(package)
        return True

    def block(self, which: str, reason: str) -> None:
        """Tell servers to stop a release: `NAME==VERSION`, `NAME` for all, or `sha256:DIGEST`."""
        if not 0 < len(reason) <= REASON_CHARACTERS:
            raise Failure(
                f"say with --reason why, in up to {REASON_CHARACTERS} characters; admins read it"
            )
        wanted = _named(which)
        self.unblock(which)
        self._blocks.append({**wanted, "reason": reason})

    def unblock(self, which: str) -> None:
        """Take a block back; nothing happens when there is none."""
        wanted = _named(which)
        self._blocks = [each for each in self._blocks if _without_reason(each) != wanted]

    def written(self) -> dict[str, bytes]:
        """The contents of both files."""
        by_name = sorted(self._plugins, key=lambda entry: str(entry["name"]))
        return {
            INDEX: _written({"format": FORMAT, "plugins": by_name}),
            BLOCKS: _written({"format": FORMAT, "blocks": self._blocks}),
        }

    def _entry(self, package: Package) -> dict[str, Any]:
        for entry in self._plugins:
            if entry["name"] == package.name:
                return entry
        self._plugins.append({"name": package.name, "releases": []})
        return self._plugins[-1]


def _facts(package: Package) -> dict[str, Any]:
    """What people look for; the latest release that was added tells it."""
    plugin, metadata = package.section("plugin"), package.section("metadata")
    described = _text(plugin.get("description")).strip().partition("\n")[0]
    return {
        "summary": described[:SUMMARY_CHARACTERS],
        "publisher": _text(plugin.get("author"))[:200],
        "category": _text(metadata.get("category"))[:200],
        "tags": _texts(metadata.get("tags")),
        "icon": _text(metadata.get("icon"))[:200],
    }


def _release(package: Package, target: str, now: datetime) -> dict[str, Any]:
    needs, permissions = package.section("dependencies"), package.section("permissions")
    return {
        "version": package.version,
        "digest": package.digest,
        "target": target,
        "published_at": now.isoformat(timespec="seconds"),
        "core": _text(needs.get("core")),
        "python": _text(needs.get("python")),
        "capabilities": [
            *_texts(permissions.get("required")),
            *_texts(permissions.get("optional")),
        ],
    }


def _named(which: str) -> dict[str, str]:
    if by_digest := _DIGEST.fullmatch(which):
        return {"digest": by_digest[1]}
    if by_name := _NAME.fullmatch(which):
        name, version = by_name.groups()
        return {"name": name, "version": version} if version else {"name": name}
    raise Failure(f"{which!r} names no release; write NAME==VERSION, NAME or sha256:DIGEST")


def _without_reason(block: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in block.items() if key != "reason"}


def _listed(raw: bytes | None, key: str) -> list[dict[str, Any]]:
    return list(json.loads(raw)[key]) if raw is not None else []


def _written(value: Any) -> bytes:
    return json.dumps(value, indent=1, sort_keys=True).encode()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: Any) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
