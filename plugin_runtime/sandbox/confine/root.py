"""The private root: a file system that holds nothing but what was handed in.

Built in a fresh mount namespace: an empty tmpfs, the readable folders and files bound read-only at
their own absolute paths, a tmpfs of limited size as scratch folder, and two harmless devices.
Nothing else of the machine is below it, not even as a name.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable
from typing import Final

from .libc import system_call

#: Never /dev/zero: mapped shared, it is memory that no limit of the process counts.
DEVICES: Final = ("/dev/null", "/dev/urandom", "/dev/random")

_MS_NOSUID: Final = 2
_MS_NODEV: Final = 4
_MS_NOEXEC: Final = 8
_MS_REC: Final = 0x4000
_MS_PRIVATE: Final = 0x4_0000
_MNT_DETACH: Final = 2
_AT_FDCWD: Final = -100
_AT_EMPTY_PATH: Final = 0x1000
_AT_RECURSIVE: Final = 0x8000
_OPEN_TREE_CLONE: Final = 1
_OPEN_TREE_CLOEXEC: Final = 0x8_0000
_MOVE_MOUNT_F_EMPTY_PATH: Final = 4
_MOUNT_ATTR_RDONLY: Final = 1
_MOUNT_ATTR_NOSUID: Final = 2
_MOUNT_ATTR_NODEV: Final = 4
#: Where the new root is assembled; its content is out of sight only here, only meanwhile.
_WORKBENCH: Final = "/tmp"
#: Files and folders cost kernel memory, however small they are.
_SCRATCH_ENTRIES: Final = 16_384


def build(*, readable: Iterable[str], scratch_folder: str, scratch_bytes: int, owner: int) -> None:
    """Make the private root and move into it; raise `OSError` where a step is not possible.

    Paths that do not exist are left out. `owner` is the uid and gid that the scratch folder shall
    belong to. Needs a fresh mount namespace.
    """
    _mount(None, "/", None, _MS_REC | _MS_PRIVATE, None)  # nothing done here shows outside
    links: dict[str, str] = {}
    real_paths = {_follow(path, links) for path in (*readable, *DEVICES) if os.path.exists(path)}
    scratch = _follow(scratch_folder, links)
    clones = {path: _clone(path) for path in _outermost(real_paths)}
    _mount("tmpfs", _WORKBENCH, "tmpfs", _MS_NOSUID | _MS_NODEV, "size=1m,mode=0755")
    os.chdir(_WORKBENCH)
    for path, clone in clones.items():
        _place(path, clone)
    for path, target in links.items():
        _link(path, target)
    _make_scratch(scratch, scratch_bytes, owner)
    _move_in()


def _follow(path: str, links: dict[str, str]) -> str:
    """Return where a path really is; note each symbolic link on the way in `links`."""
    real, rest = "/", path.strip("/").split("/")
    while rest:
        candidate = os.path.join(real, rest.pop(0))
        if not os.path.islink(candidate):
            real = candidate
            continue
        links[candidate] = os.readlink(candidate)
        target = os.path.normpath(os.path.join(real, links[candidate]))
        real, rest = "/", [*target.strip("/").split("/"), *rest]
    return real


def _outermost(paths: Iterable[str]) -> list[str]:
    """Return the paths without those that lie below another one."""
    kept: list[str] = []
    for path in sorted(paths):
        if not any(path.startswith(f"{folder}/") for folder in kept):
            kept.append(path)
    return kept


def _clone(path: str) -> int:
    """Return a descriptor of a detached, read-only copy of the mount tree at a path."""
    flags = _OPEN_TREE_CLONE | _OPEN_TREE_CLOEXEC | _AT_RECURSIVE
    clone = system_call("open_tree", _AT_FDCWD, os.fsencode(path), flags)
    attributes = _MOUNT_ATTR_RDONLY | _MOUNT_ATTR_NOSUID
    if path not in DEVICES:
        attributes |= _MOUNT_ATTR_NODEV
    _set_attributes(clone, b"", _AT_EMPTY_PATH | _AT_RECURSIVE, attributes)
    return clone


def _place(path: str, clone: int) -> None:
    """Attach a clone below the workbench, at the path it came from."""
    here = f".{path}"
    is_folder = os.path.isdir(f"/proc/self/fd/{clone}")
    os.makedirs(here if is_folder else os.path.dirname(here), exist_ok=True)
    if not is_folder:
        os.close(os.open(here, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o644))
    target = os.fsencode(here)
    system_call("move_mount", clone, b"", _AT_FDCWD, target, _MOVE_MOUNT_F_EMPTY_PATH)
    os.close(clone)


def _link(path: str, target: str) -> None:
    here = f".{path}"
    if not os.path.lexists(here):
        os.makedirs(os.path.dirname(here), exist_ok=True)
        os.symlink(target, here)


def _make_scratch(path: str, size: int, owner: int) -> None:
    here = f".{path}"
    os.makedirs(here, exist_ok=True)
    options = f"size={size},nr_inodes={_SCRATCH_ENTRIES},mode=0700"
    if owner:
        options += f",uid={owner},gid={owner}"
    _mount("tmpfs", here, "tmpfs", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC, options)


def _move_in() -> None:
    """Make the workbench the root, let go of the old one, and write-protect the new one."""
    system_call("pivot_root", b".", b".")
    system_call("umount2", b".", _MNT_DETACH)
    os.chdir("/")
    _set_attributes(_AT_FDCWD, b"/", 0, _MOUNT_ATTR_RDONLY)


def _set_attributes(descriptor: int, path: bytes, flags: int, attributes: int) -> None:
    wanted = struct.pack("=QQQQ", attributes, 0, 0, 0)
    system_call("mount_setattr", descriptor, path, flags, wanted, len(wanted))


def _mount(
    source: str | None, target: str, kind: str | None, flags: int, options: str | None
) -> None:
    texts = [None if text is None else os.fsencode(text) for text in (source, target, kind)]
    system_call("mount", *texts, flags, None if options is None else os.fsencode(options))
