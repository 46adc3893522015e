"""Copying a package folder without ever following a link.

Every step opens by descriptor relative to its parent and looks at what was opened, so that
nobody can exchange a folder for a link between the look and the copy.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from plugins_registry.package.destination import CHUNK_BYTES, Destination
from plugins_registry.package.paths import check_path, is_ignored
from plugins_registry.package.problems import PackageProblem

# O_NONBLOCK: a pipe that took a file's place must not hold us for ever.
_OPEN_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def copy_folder(source: Path, destination: Destination) -> None:
    """Copy all files that belong to a release. Raises `PackageProblem` or `OSError`."""
    descriptor = os.open(source, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _copy_entries(descriptor, "", destination)
    finally:
        os.close(descriptor)


def _copy_entries(folder: int, prefix: str, destination: Destination) -> None:
    with os.scandir(folder) as entries:
        for entry in entries:
            if not is_ignored(entry.name):
                destination.budget.count_entry()
                _copy_entry(folder, check_path(prefix + entry.name), destination)


def _copy_entry(folder: int, path: str, destination: Destination) -> None:
    name = path.rpartition("/")[2]
    # Looked at before opening, since opening a device may already do something.
    _refuse_special(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode, path)
    descriptor = os.open(name, _OPEN_FLAGS, dir_fd=folder)
    try:
        mode = os.fstat(descriptor).st_mode
        _refuse_special(mode, path)
        if stat.S_ISDIR(mode):
            _copy_entries(descriptor, f"{path}/", destination)
        else:
            destination.add(path, _chunks(descriptor))
    finally:
        os.close(descriptor)


def _chunks(descriptor: int) -> Iterator[bytes]:
    while chunk := os.read(descriptor, CHUNK_BYTES):
        yield chunk


def _refuse_special(mode: int, path: str) -> None:
    if stat.S_ISLNK(mode):
        raise PackageProblem(f"{path!r} is a link; put the file itself there")
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise PackageProblem(f"{path!r} is neither a file nor a folder; remove it")
