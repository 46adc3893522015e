"""The canary: a runner that tries to get out, so that the probe believes only what it saw.

It takes the place of the plugin runner in a sandbox that is locked in like any other, is sent one
line of JSON facts, and answers one line: for each layer that does not hold what it could do, and
what an honest plugin could not do. It tests layers one by one: what only one of them forbids.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import socket
from collections.abc import Callable
from typing import Any, Final, NoReturn

from . import layers as layer
from .confine.libc import system_call

_PR_GET_NO_NEW_PRIVS: Final = 39
#: Seldom used, so that they are read from disk only now, behind all layers.
_LATE_IMPORTS: Final = ("wave", "colorsys", "mmap")


def main(line: socket.socket) -> NoReturn:
    """Try everything, answer, and exit."""
    facts = json.loads(line.makefile("rb").readline())
    escapes = {
        name: message
        for name, attempt in _ATTEMPTS.items()
        if name in facts["layers"] and (message := attempt(facts))
    }
    answer = {"escapes": escapes, "broken": _what_is_broken()}
    line.sendall(json.dumps(answer).encode() + b"\n")
    os._exit(0)


def _escape_landlock(facts: dict[str, Any]) -> str:
    return _unless_refused(lambda: os.listdir("/"), "the root folder can be listed")


def _escape_private_root(facts: dict[str, Any]) -> str:
    try:
        os.stat(facts["secret"])
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"a file of the host is in sight: {error}"
    return "a file of the host is in sight"


def _escape_filter(facts: dict[str, Any]) -> str:
    return (
        _unless_refused(lambda: socket.socket(socket.AF_UNIX).close(), "sockets can be opened")
        or _unless_refused(_fork, "processes can be forked")
        or _unless_refused(lambda: os.kill(facts["pid"], 0), "other processes can be signalled")
    )


def _escape_own_uid(facts: dict[str, Any]) -> str:
    if os.getresuid() != (facts["uid"],) * 3 or os.getgroups():
        return f"runs as user {os.getresuid()}"
    return _unless_refused(lambda: os.setuid(0), "the user can be changed back")


def _escape_pid_namespace(facts: dict[str, Any]) -> str:
    return "" if os.getpid() == 1 else f"is process {os.getpid()}"


def _escape_host_name(facts: dict[str, Any]) -> str:
    return "" if os.uname().nodename == facts["plugin"] else "sees the machine's name"


def _escape_rlimits(facts: dict[str, Any]) -> str:
    if resource.getrlimit(resource.RLIMIT_NOFILE) != (facts["open_files"],) * 2:
        return "the limit of open files is not in force"
    try:
        bytearray(facts["memory_bytes"] * 4)
    except MemoryError:
        return ""
    return "four times the permitted memory can be had"


def _escape_no_new_privs(facts: dict[str, Any]) -> str:
    held = system_call("prctl", _PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)
    return "" if held == 1 else "rights can be gained"


#: The other layers look at themselves while they are applied: there is nothing left to try later.
_ATTEMPTS: Final[dict[str, Callable[[dict[str, Any]], str]]] = {
    layer.PID_NAMESPACE: _escape_pid_namespace,
    layer.UTS_NAMESPACE: _escape_host_name,
    layer.MOUNT_NAMESPACE: _escape_private_root,
    layer.RLIMITS: _escape_rlimits,
    layer.OWN_UID: _escape_own_uid,
    layer.NO_NEW_PRIVS: _escape_no_new_privs,
    layer.LANDLOCK: _escape_landlock,
    layer.SECCOMP: _escape_filter,
}


def _what_is_broken() -> str:
    """Return what an honest plugin needs and cannot have here; empty when all is well."""
    try:
        for name in _LATE_IMPORTS:
            importlib.import_module(name)
        with open("canary", "w+") as file:
            file.write("sings")
            file.seek(0)
            sings = file.read() == "sings"
        os.unlink("canary")
    except (ImportError, OSError) as error:
        return str(error)
    return "" if sings else "the scratch folder does not keep what is written"


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)


def _unless_refused(attempt: Callable[[], object], message: str) -> str:
    try:
        attempt()
    except PermissionError:
        return ""
    except OSError as error:
        return f"{message} (or fails for another reason: {error})"
    return message
