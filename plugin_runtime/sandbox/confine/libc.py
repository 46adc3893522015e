"""The C library's door to the kernel, for what Python's standard library does not offer."""

from __future__ import annotations

import ctypes
import os
from typing import Final

from .syscalls import here

_libc: Final = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def system_call(name: str, *arguments: int | bytes | ctypes.Array[ctypes.c_char] | None) -> int:
    """Make a system call by its name and return its result; raise `OSError` when it fails.

    Integers go as 64-bit values, bytes and buffers as pointers, None as a null pointer.
    """
    number = here().number(name)
    if number is None:
        raise OSError(f"this processor architecture has no system call {name}")
    converted = [ctypes.c_long(item) if isinstance(item, int) else item for item in arguments]
    result: int = _libc.syscall(ctypes.c_long(number), *converted)
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")
    return result
