"""Namespaces: own views of users, processes, mounts, network and kernel objects."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from plugin_runtime.sandbox import layers as layer

from .libc import system_call

#: Layer, clone flag, and the file that names the namespace one is in.
_FLAGS: Final = {
    layer.MOUNT_NAMESPACE: (0x0002_0000, "mnt"),
    layer.UTS_NAMESPACE: (0x0400_0000, "uts"),
    layer.IPC_NAMESPACE: (0x0800_0000, "ipc"),
    layer.USER_NAMESPACE: (0x1000_0000, "user"),
    layer.PID_NAMESPACE: (0x2000_0000, "pid_for_children"),
    layer.NETWORK_NAMESPACE: (0x4000_0000, "net"),
}


def enter(name: str) -> None:
    """Enter a fresh namespace of this layer's kind and see that it is another one.

    A pid namespace is entered by the children forked from now on. Raises `OSError`.
    """
    flag, kind = _FLAGS[name]
    before = _identity(kind)
    system_call("unshare", flag)
    if kind != "pid_for_children" and _identity(kind) == before:
        raise OSError(f"the kernel made no new {name.replace('_', ' ')}")


def enter_user_namespace() -> None:
    """Enter a user namespace in which this user keeps its number and holds all rights.

    Those rights reach no further than the namespace. Distributions that restrict user namespaces
    let the first step succeed and one of the writes fail.
    """
    uid, gid = os.geteuid(), os.getegid()
    enter(layer.USER_NAMESPACE)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")


def open_pid_namespace() -> int:
    """Return a descriptor of the pid namespace that this process lives in."""
    return os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)


def fork_into_pid_namespace(home: int) -> int:
    """Fork a child that is the first process of a fresh pid namespace; return as `os.fork` does.

    The parent turns back to its own namespace (`home`, from `open_pid_namespace`) at once, so the
    child is its direct child, which it can reap, and the next one gets another namespace.
    """
    enter(layer.PID_NAMESPACE)
    try:
        pid = os.fork()
    except OSError:
        _return_to(home)
        raise
    if pid:
        _return_to(home)
    return pid


def _return_to(home: int) -> None:
    system_call("setns", home, _FLAGS[layer.PID_NAMESPACE][0])


def _identity(kind: str) -> str:
    return os.readlink(f"/proc/self/ns/{kind}")
