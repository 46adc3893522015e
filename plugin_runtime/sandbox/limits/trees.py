"""Where control groups could be made: the mounted trees and this process's place in them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from plugin_runtime.sandbox import layers as layer

_CONTROLLERS: Final = {
    layer.CGROUP_MEMORY: "memory",
    layer.CGROUP_CPU: "cpu",
    layer.CGROUP_PIDS: "pids",
}
#: The supervisor's own group, beside those of its sandboxes.
_ASIDE: Final = "plexichat-host"


def version_2(own: Mapping[str, str], mounted: Iterable[tuple[str, Path]]) -> dict[str, Path]:
    """Return where version 2 hands controllers down: the own group, else the top for root."""
    for options, mount in mounted:
        if options != "":
            continue
        # A supervisor that has moved aside before finds itself one level too deep.
        place = own.get("", "/").removesuffix(f"/{_ASIDE}").strip("/")
        for base in (mount / place, mount):
            offered = set((text_of(base / "cgroup.controllers") or "").split())
            wanted = {held: name for held, name in _CONTROLLERS.items() if name in offered}
            if wanted and _hand_down(base, wanted.values()):
                return dict.fromkeys(wanted, base)
    return {}


def _hand_down(base: Path, controllers: Iterable[str]) -> bool:
    """Enable controllers for groups below; a group with processes of its own must not.

    Where there are none but this one and its children (the gateway), they move aside together.
    """
    file = base / "cgroup.subtree_control"
    missing = set(controllers) - set((text_of(file) or "").split())
    if not missing:
        return True
    with contextlib.suppress(OSError):
        inside = (text_of(base / "cgroup.procs") or "").split()
        if str(os.getpid()) in inside and all(map(_is_ours, inside)):
            _move_aside(base / _ASIDE, inside)
        file.write_text(" ".join(f"+{name}" for name in sorted(missing)))
        return True
    return False


def _is_ours(pid: str) -> bool:
    """Return whether it is this process or a child of it; one that has ended is nobody's."""
    stat = text_of(Path(f"/proc/{pid}/stat"))
    parent = stat.rpartition(") ")[2].split()[1] if stat else ""
    return str(os.getpid()) in (pid, parent)


def _move_aside(group: Path, pids: Iterable[str]) -> None:
    group.mkdir(exist_ok=True)
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):  # it has ended since, so it is out as well
            (group / "cgroup.procs").write_text(pid)


def version_1(own: Mapping[str, str], mounted: Iterable[tuple[str, Path]]) -> dict[str, Path]:
    """Return each controller's own group in its tree; inside a container, its top."""
    bases = {}
    for options, mount in mounted:
        for held, name in _CONTROLLERS.items():
            if name in options.split(","):
                folder = mount / own.get(name, "/").strip("/")
                bases[held] = folder if folder.is_dir() else mount
    return bases


def own_paths(file: Path) -> dict[str, str]:
    """Return this process's group by controller; version 2 has the empty name."""
    paths = {}
    for line in (text_of(file) or "").splitlines():
        _, controllers, path = line.split(":", 2)
        paths.update(dict.fromkeys(controllers.split(","), path))
    return paths


def mounts(file: Path) -> list[tuple[str, Path]]:
    """Return (options, mount point) of each tree; version 2 has no options here."""
    fields = [line.split() for line in (text_of(file) or "").splitlines()]
    return [
        (options if kind == "cgroup" else "", Path(mount))
        for _, mount, kind, options, *_ in fields
        if kind in ("cgroup", "cgroup2")
    ]


def text_of(file: Path) -> str | None:
    """Return a file's text, or None where it cannot be read."""
    try:
        return file.read_text()
    except OSError:
        return None
