"""Control groups: hard limits of memory, processor time and threads, where these may be made.

Both versions: one tree for all controllers (2) or one tree for each (1). A group is a folder named
after the supervisor that made it, so that a later supervisor can tell leftovers from neighbours.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from plugin_runtime.sandbox import layers as layer

from . import trees
from .trees import text_of

_CPU_PERIOD_US: Final = 100_000
#: The kernel takes no smaller quota than a millisecond in each period.
_SMALLEST_QUOTA_US: Final = 1_000
_NAME: Final = re.compile(r"plexichat\.(?P<pid>\d+)\.(?P<start>\d+)\..+")


@dataclass(frozen=True)
class Usage:
    """What a group has in use."""

    memory_bytes: int
    #: 0.0 where this machine's version 1 does not count it beside the quota.
    cpu_seconds: float


@dataclass(frozen=True)
class Ceiling:
    """The limits of one group."""

    cpu_millicores: int
    memory_bytes: int
    pids: int


class Cgroup:
    """One sandbox's group: one folder, or one in each controller's tree."""

    def __init__(self, folders: Mapping[str, Path]) -> None:
        self._folders = dict(folders)

    def add(self, pid: int) -> None:
        """Move a process in, with what it does from now on; raise `OSError` when it has ended."""
        for folder in set(self._folders.values()):
            (folder / "cgroup.procs").write_text(str(pid))

    def usage(self) -> Usage:
        """Return what is in use; zeros for what is not limited here."""
        return Usage(
            self._number(layer.CGROUP_MEMORY, "memory.current", "memory.usage_in_bytes"),
            self._cpu_seconds(),
        )

    def oom_killed(self) -> bool:
        """Say whether the kernel has killed a process of this group for its memory."""
        folder = self._folders.get(layer.CGROUP_MEMORY)
        if folder is None:
            return False
        for name in ("memory.events", "memory.oom_control"):
            if _fact(folder / name, "oom_kill") > 0:
                return True
        return False

    def remove(self) -> None:
        """Remove the group; one that still has a process stays until the next supervisor starts."""
        for folder in set(self._folders.values()):
            with contextlib.suppress(OSError):
                folder.rmdir()

    def _cpu_seconds(self) -> float:
        folder = self._folders.get(layer.CGROUP_CPU)
        if folder is None:
            return 0.0
        nanoseconds = self._number(layer.CGROUP_CPU, "cpuacct.usage")
        return nanoseconds / 1e9 or _fact(folder / "cpu.stat", "usage_usec") / 1e6

    def _number(self, name: str, *files: str) -> int:
        folder = self._folders.get(name)
        for file in files:
            if folder is not None and (text := text_of(folder / file)):
                return int(text)
        return 0


class CgroupFactory:
    """Makes groups below the folders where that was found to work."""

    def __init__(self, bases: Mapping[str, Path], *, version: int) -> None:
        self._bases = dict(bases)
        self._version = version
        self._prefix = f"plexichat.{os.getpid()}.{_start_time(os.getpid())}."

    @property
    def layers(self) -> frozenset[str]:
        """The layers that groups from here make hold."""
        return frozenset(self._bases)

    @classmethod
    def probe(cls, proc: Path = Path("/proc/self")) -> CgroupFactory | None:
        """Return a factory for those controllers that let groups be made, or None.

        Leftovers of supervisors that have died are removed on the way.
        """
        own_paths, mounts = trees.own_paths(proc / "cgroup"), trees.mounts(proc / "mounts")
        for version, find in ((2, trees.version_2), (1, trees.version_1)):
            factory = cls(find(own_paths, mounts), version=version)
            factory._keep_working()
            if factory._bases:
                factory._remove_leftovers()
                return factory
        return None

    def create(self, name: str, *, cpu_millicores: int, memory_bytes: int, pids: int) -> Cgroup:
        """Make a group with these limits; raise `OSError`. `name` is the plugin's."""
        ceiling = Ceiling(cpu_millicores, memory_bytes, pids)
        folders = {held: base / (self._prefix + name) for held, base in self._bases.items()}
        group = Cgroup(folders)
        try:
            for folder in set(folders.values()):
                folder.mkdir(exist_ok=True)
            for held, file, value in _settings(self._version, ceiling):
                if held in folders:
                    (folders[held] / file).write_text(value)
        except OSError:
            group.remove()
            raise
        _forbid_swap(folders.get(layer.CGROUP_MEMORY), memory_bytes)
        return group

    def prove_with(self, pid: int) -> None:
        """Move a throw-away process into a trial group; drop the controllers that refuse it."""
        for held, base in list(self._bases.items()):
            folder = base / f"{self._prefix}proof-{held}"
            try:
                folder.mkdir(exist_ok=True)
                (folder / "cgroup.procs").write_text(str(pid))
                (base / "cgroup.procs").write_text(str(pid))
            except OSError:
                del self._bases[held]
            finally:
                with contextlib.suppress(OSError):
                    folder.rmdir()

    def _keep_working(self) -> None:
        ceiling = Ceiling(cpu_millicores=100, memory_bytes=1 << 26, pids=8)
        for held, base in list(self._bases.items()):
            trial = base / f"{self._prefix}trial-{held}"
            try:
                trial.mkdir(exist_ok=True)
                for owner, file, value in _settings(self._version, ceiling):
                    if owner == held:
                        (trial / file).write_text(value)
            except OSError:
                del self._bases[held]
            finally:
                with contextlib.suppress(OSError):
                    trial.rmdir()

    def _remove_leftovers(self) -> None:
        for base in set(self._bases.values()):
            for folder in base.glob("plexichat.*"):
                found = _NAME.fullmatch(folder.name)
                if found and _start_time(int(found["pid"])) != int(found["start"]):
                    with contextlib.suppress(OSError):  # not empty: its processes still end
                        folder.rmdir()


def _settings(version: int, ceiling: Ceiling) -> list[tuple[str, str, str]]:
    """Return (layer, file, value) in the order in which they are written."""
    quota = max(ceiling.cpu_millicores * _CPU_PERIOD_US // 1000, _SMALLEST_QUOTA_US)
    if version == 2:
        return [
            (layer.CGROUP_MEMORY, "memory.max", str(ceiling.memory_bytes)),
            (layer.CGROUP_CPU, "cpu.max", f"{quota} {_CPU_PERIOD_US}"),
            (layer.CGROUP_PIDS, "pids.max", str(ceiling.pids)),
        ]
    return [
        (layer.CGROUP_MEMORY, "memory.limit_in_bytes", str(ceiling.memory_bytes)),
        (layer.CGROUP_CPU, "cpu.cfs_period_us", str(_CPU_PERIOD_US)),
        (layer.CGROUP_CPU, "cpu.cfs_quota_us", str(quota)),
        (layer.CGROUP_PIDS, "pids.max", str(ceiling.pids)),
    ]


def _forbid_swap(folder: Path | None, memory_bytes: int) -> None:
    """Count swap into the limit, where the kernel counts swap at all."""
    if folder is None:
        return
    for file, value in (("memory.swap.max", 0), ("memory.memsw.limit_in_bytes", memory_bytes)):
        if (folder / file).exists():
            (folder / file).write_text(str(value))


def _start_time(pid: int) -> int:
    """Return when a process started, in clock ticks since boot; -1 when there is none."""
    text = text_of(Path(f"/proc/{pid}/stat"))
    return int(text.rpartition(")")[2].split()[19]) if text else -1


def _fact(file: Path, name: str) -> int:
    for line in (text_of(file) or "").splitlines():
        key, _, value = line.partition(" ")
        if key == name:
            return int(value)
    return 0
