"""Scratch folders: making a fresh one where a hostile plugin may have had the last one."""

from __future__ import annotations

import itertools
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

_OPEN_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def fresh_scratch(folder: Path) -> None:
    """Make the scratch folder an empty one that only PlexiChat's user (so far) can enter.

    What an earlier run left there belongs to another uid and may be anything; links in it are
    removed, not followed. That run must be over.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    remove_scratch(folder)
    folder.mkdir(mode=0o700)


def remove_scratch(folder: Path) -> None:
    """Remove a scratch folder, whatever a plugin made of it; harmless when there is none."""
    with_link = folder.is_symlink() or (folder.exists() and not stat.S_ISDIR(folder.stat().st_mode))
    if with_link:
        folder.unlink()
    elif folder.exists():
        _remove(folder)


def _remove(folder: Path) -> None:
    """Remove a folder with all that is in it, however deep it goes and whatever its modes say.

    `shutil.rmtree` descends, with a stack frame and a descriptor for each level, of which a
    plugin can make thousands. This lifts every inner folder to the top instead.
    """
    os.chmod(folder, 0o700)
    top = os.open(folder, _OPEN_FLAGS)
    prefix = secrets.token_hex(8)  # no name that is there already
    names = (f"{prefix}-{number}" for number in itertools.count())
    try:
        while entries := os.listdir(top):
            for name in entries:
                _dissolve(top, name, names)
    finally:
        os.close(top)
    folder.rmdir()


def _dissolve(top: int, name: str, names: Iterator[str]) -> None:
    """Remove an entry of the top folder; what a folder holds inside moves to the top."""
    if not _is_folder(name, top):
        os.unlink(name, dir_fd=top)
        return
    inner = os.open(name, _OPEN_FLAGS, dir_fd=top)
    try:
        for entry in os.listdir(inner):
            if _is_folder(entry, inner):
                os.rename(entry, next(names), src_dir_fd=inner, dst_dir_fd=top)
            else:
                os.unlink(entry, dir_fd=inner)
    finally:
        os.close(inner)
    os.rmdir(name, dir_fd=top)


def _is_folder(name: str, parent: int) -> bool:
    """Say whether an entry is a folder, after opening it up if it is one."""
    if not stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode):
        return False
    os.chmod(name, 0o700, dir_fd=parent)
    return True
