"""Who the sandbox is: an own user without rights, that ends with its parent."""

from __future__ import annotations

import os
import signal
import struct
from typing import Final

from .libc import system_call

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_NO_NEW_PRIVS: Final = 38
_PR_GET_NO_NEW_PRIVS: Final = 39
_PR_CAP_AMBIENT: Final = 47
_PR_CAP_AMBIENT_CLEAR_ALL: Final = 4
_CAPABILITY_VERSION_3: Final = 0x2008_0522


def become(uid: int, gid: int) -> None:
    """Give up root for an own user for ever; raise `OSError` where that is not possible."""
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    if os.getresuid() != (uid,) * 3 or os.getresgid() != (gid,) * 3:
        raise OSError(f"asked for user {uid}, the kernel answers {os.getresuid()}")


def drop_capabilities() -> None:
    """Give up all capabilities for ever, and see that they are gone."""
    system_call("prctl", _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    system_call("capset", header, bytes(24))
    held = bytes(24)
    system_call("capget", header, held)
    if any(held):
        raise OSError("capabilities are left after dropping them all")


def deny_new_privileges() -> None:
    """Let no program of this process ever gain rights; the filters need it."""
    system_call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if system_call("prctl", _PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1:
        raise OSError("the kernel took no_new_privs but does not keep it")


def die_with_parent(parent: int) -> None:
    """Be killed when the parent ends. Changing the user clears this, so it comes after.

    `parent` is the pid seen before; a parent that is already gone ends this process here.
    """
    system_call("prctl", _PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)
