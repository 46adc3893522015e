"""How much a build writes, looked at while it writes."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from plugins_registry.conf import conf
from plugins_registry.dependencies.problems import BuildFailed

_LOOK_SECONDS = 0.5
#: Looking may take this part of the time; a large cache is looked at less often.
_SHARE = 0.1


@dataclass(kw_only=True)
class Extent:
    """How many files and bytes there are."""

    files: int = 0
    size_bytes: int = 0


class TooLarge(BuildFailed):
    """The packages are larger than this server allows."""


class DiskWatch:
    """Compares a build's folder, and what the cache has gained, with the limits."""

    def __init__(self, folder: Path, cache: Path) -> None:
        self._folder, self._cache = folder, cache
        self._cached_before = extent_of(cache).size_bytes
        self._next = 0.0

    def look(self) -> None:
        """Raise `TooLarge` when a limit is passed; does nothing if it looked a moment ago."""
        began = time.monotonic()
        if began < self._next:
            return
        require_modest(extent_of(self._folder))
        # The cache has each file once more, before it is linked into the folder.
        gained = extent_of(self._cache).size_bytes - self._cached_before
        require_modest(Extent(size_bytes=gained))
        spent = time.monotonic() - began
        self._next = began + max(_LOOK_SECONDS, spent / _SHARE)


def require_modest(extent: Extent) -> None:
    """Raise `TooLarge` when a folder is more than this server allows."""
    if extent.size_bytes > conf.ENVIRONMENT_MAX_BYTES:
        raise TooLarge(
            f"dependencies.packages: they are larger than {conf.ENVIRONMENT_MAX_BYTES} bytes "
            f"(PLEXICHAT_ENVIRONMENT_MAX_BYTES); ask for less, or allow more"
        )
    if extent.files > conf.ENVIRONMENT_MAX_FILES:
        raise TooLarge(
            f"dependencies.packages: they have more than {conf.ENVIRONMENT_MAX_FILES} files "
            f"(PLEXICHAT_ENVIRONMENT_MAX_FILES); ask for less, or allow more"
        )


def extent_of(folder: Path) -> Extent:
    """What lies below a folder; whatever vanishes meanwhile does not count."""
    found, waiting = Extent(), [str(folder)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    else:
                        found.files += 1
                        found.size_bytes += entry.stat(follow_symlinks=False).st_size
        except FileNotFoundError:
            continue
    return found
