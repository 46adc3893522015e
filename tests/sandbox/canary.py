"""A stand-in for the plugin runner that tries what it is sent, in a sandbox or outside.

One line of JSON comes in: `facts`, and `cases` as (name, Python text). One line goes out: for each
case `done`, or the exception's name. The texts are this suite's own.
"""

from __future__ import annotations

import errno
import json
import os
import socket
import sys
from typing import Any, NoReturn

from plexichat_plugin_sdk import _wire
from plugin_runtime.sandbox.confine.libc import system_call


def main(line: socket.socket) -> NoReturn:
    request = json.loads(line.makefile("rb").readline())
    line.sendall(json.dumps(run(request)).encode() + b"\n")
    os._exit(0)


def run(request: dict[str, Any]) -> dict[str, Any]:
    return {name: _outcome(text, request["facts"]) for name, text in request["cases"]}


def _outcome(text: str, facts: dict[str, Any]) -> Any:
    world = {
        "os": os,
        "wire": _wire,
        "socket": socket,
        "sys": sys,
        "reach": _reach,
        "answer": "done",
        **facts,
    }
    try:
        exec(text, world)  # noqa: S102 -- the suite's own attempts, run where they can do no harm
    except (Exception, SystemExit) as error:
        return f"{type(error).__name__}: {error}"
    return world["answer"]


def _reach(name: str, *arguments: Any) -> None:
    """Make a raw system call; succeed when the kernel's code behind the filter answered."""
    try:
        system_call(name, *arguments)
    except OSError as error:
        if error.errno in (errno.EPERM, errno.ENOSYS):
            raise


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run(json.loads(sys.stdin.readline()))))
