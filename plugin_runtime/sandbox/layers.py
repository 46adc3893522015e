"""Layers of confinement, and what they add up to.

A layer is one mechanism that holds on this machine, by name. The probe says which do, each sandbox
reports which it applied, and the level is computed from them, never claimed.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import IntEnum
from typing import Final

RLIMITS: Final = "rlimits"
NO_NEW_PRIVS: Final = "no_new_privs"
LANDLOCK: Final = "landlock"
SECCOMP: Final = "seccomp"
USER_NAMESPACE: Final = "user_namespace"
PID_NAMESPACE: Final = "pid_namespace"
#: A private root file system that holds nothing but what was handed in.
MOUNT_NAMESPACE: Final = "mount_namespace"
NETWORK_NAMESPACE: Final = "network_namespace"
IPC_NAMESPACE: Final = "ipc_namespace"
UTS_NAMESPACE: Final = "uts_namespace"
OWN_UID: Final = "own_uid"
CGROUP_MEMORY: Final = "cgroup_memory"
CGROUP_CPU: Final = "cgroup_cpu"
CGROUP_PIDS: Final = "cgroup_pids"
MEMORY_WATCH: Final = "memory_watch"
CPU_WATCH: Final = "cpu_watch"
DISK_WATCH: Final = "disk_watch"

#: What a sandbox applies to itself, in the order in which it does so.
SELF_APPLIED: Final = (
    USER_NAMESPACE,
    PID_NAMESPACE,
    NETWORK_NAMESPACE,
    IPC_NAMESPACE,
    UTS_NAMESPACE,
    MOUNT_NAMESPACE,
    RLIMITS,
    OWN_UID,
    NO_NEW_PRIVS,
    LANDLOCK,
    SECCOMP,
)
#: What the supervisor enforces from outside.
SUPERVISED: Final = (
    CGROUP_MEMORY,
    CGROUP_CPU,
    CGROUP_PIDS,
    MEMORY_WATCH,
    CPU_WATCH,
    DISK_WATCH,
)


class Level(IntEnum):
    """How far a plugin is locked in; larger is stronger, so that levels compare."""

    #: Nothing worth the name; no plugin runs.
    NONE = 0
    #: Something is missing that a hostile plugin would use; only plugins an admin trusts.
    DEVELOPMENT = 1
    #: System calls are filtered and files hidden, but without Landlock behind it.
    PARTIAL = 2
    #: Landlock, system call filter and limits; what an ordinary user in a container can have.
    ISOLATED = 3
    #: The same, with an own user or namespaces, and hard limits by control groups.
    FULL = 4

    @property
    def label(self) -> str:
        """The level's name in lower case, as admins and settings write it."""
        return self.name.lower()

    @classmethod
    def from_label(cls, label: str) -> Level:
        """Return the level of that name; raise `ValueError` that lists the names."""
        try:
            return cls[label.strip().upper()]
        except KeyError:
            names = ", ".join(level.label for level in cls)
            raise ValueError(f"{label!r} is no sandbox level; expected one of {names}") from None


def level(layers: Collection[str]) -> Level:
    """Return what these layers add up to."""
    held = set(layers)
    walls = {SECCOMP, RLIMITS, NO_NEW_PRIVS} <= held
    if not walls:
        return Level.DEVELOPMENT if held & {SECCOMP, LANDLOCK, MOUNT_NAMESPACE} else Level.NONE
    if LANDLOCK not in held:
        return Level.PARTIAL if held & {OWN_UID, MOUNT_NAMESPACE} else Level.DEVELOPMENT
    if not _memory_is_limited(held) or not _cpu_is_limited(held):
        return Level.PARTIAL
    separated = OWN_UID in held or {PID_NAMESPACE, MOUNT_NAMESPACE} <= held
    return Level.FULL if separated and {CGROUP_MEMORY, CGROUP_CPU} <= held else Level.ISOLATED


def left_open(layers: Collection[str]) -> list[str]:
    """Return what a hostile plugin may still do, in sentences for an admin; empty is good."""
    held = set(layers)
    return [sentence for closed_by, sentence in _OPENINGS if not held & closed_by]


def _memory_is_limited(held: set[str]) -> bool:
    return bool(held & {CGROUP_MEMORY, MEMORY_WATCH})


def _cpu_is_limited(held: set[str]) -> bool:
    return bool(held & {CGROUP_CPU, CPU_WATCH})


#: Each opening with the layers of which any one closes it.
_OPENINGS: Final[tuple[tuple[set[str], str], ...]] = (
    (
        {SECCOMP},
        "A plugin can use every system call: open network connections, start programs, "
        "and attack the kernel.",
    ),
    (
        {LANDLOCK, MOUNT_NAMESPACE, OWN_UID},
        "A plugin can read and write every file that PlexiChat itself can.",
    ),
    (
        {LANDLOCK, MOUNT_NAMESPACE},
        "A plugin can read files that are readable for everybody on this machine.",
    ),
    (
        {MOUNT_NAMESPACE},
        "A plugin can see which files exist, their sizes and times, but not their content.",
    ),
    (
        {PID_NAMESPACE, SECCOMP, OWN_UID},
        "A plugin can signal other processes of PlexiChat's user.",
    ),
    ({RLIMITS}, "A plugin can open any number of files and write files of any size."),
    (
        {NO_NEW_PRIVS},
        "A plugin can gain rights through programs with the set-user-id bit.",
    ),
    ({CGROUP_MEMORY, MEMORY_WATCH}, "A plugin can use all memory of this machine."),
    (
        {CGROUP_MEMORY},
        "A plugin can go over its memory limit for a fraction of a second before it is stopped.",
    ),
    ({CGROUP_CPU, CPU_WATCH}, "A plugin can use all processor time of this machine."),
    (
        {CGROUP_CPU},
        "A plugin can go a little over its processor limit; it is paused and resumed instead.",
    ),
    (
        {MOUNT_NAMESPACE, DISK_WATCH},
        "A plugin can fill the disk through its scratch folder.",
    ),
    (
        {MOUNT_NAMESPACE},
        "A plugin can go over its disk limit for a moment before it is stopped.",
    ),
)
