"""The system call filters: installing a compiled program for the rest of the process's life."""

from __future__ import annotations

import ctypes
import os
import struct
from typing import Final

from .libc import system_call
from .policy import compile_own_pid_program

_PR_GET_SECCOMP: Final = 21
_PR_SET_SECCOMP: Final = 22
_MODE_FILTER: Final = 2
_INSTRUCTION_BYTES: Final = 8


def apply(program: bytes) -> None:
    """Narrow signals to this process, then install the program; `no_new_privs` must be set.

    Raises `OSError`. Nothing that the program forbids works afterwards, so this comes last.
    """
    install(compile_own_pid_program(os.getpid()))
    install(program)
    if system_call("prctl", _PR_GET_SECCOMP, 0, 0, 0, 0) != _MODE_FILTER:
        raise OSError("the kernel took the filter but does not use it")


def install(program: bytes) -> None:
    """Install one compiled filter on top of those already there."""
    instructions = ctypes.create_string_buffer(program, len(program))
    # struct sock_fprog: the count, padding, the address.
    head = struct.pack(
        "=HxxxxxxQ", len(program) // _INSTRUCTION_BYTES, ctypes.addressof(instructions)
    )
    system_call("prctl", _PR_SET_SECCOMP, _MODE_FILTER, head, 0, 0)
