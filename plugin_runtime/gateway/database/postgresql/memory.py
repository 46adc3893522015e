"""Seeing that one row is too large while it is still coming.

libpq shows a row when all of it is there, and a row may have a gigabyte. What comes meanwhile can
only be felt: when much waited in the socket at each look, by how our own process grows.
"""

from __future__ import annotations

import fcntl
import os
import struct
import termios
from pathlib import Path

#: How much more than a whole result may come before one piece of it is complete.
_LEEWAY = 16 * 1024 * 1024
_STATM = Path("/proc/self/statm")
_PAGE = os.sysconf("SC_PAGE_SIZE")
#: A first look at the process when so much has come for one piece; most never get there.
_FIRST_LOOK = 1024 * 1024


class Guard:
    """Watches one answer come."""

    def __init__(self, result_bytes: int) -> None:
        self._most = result_bytes + _LEEWAY
        self._come = 0
        self._began_at: int | None = None

    def begin_again(self) -> None:
        """A piece is complete; what comes next is another one."""
        self._come = 0
        self._began_at = None

    def is_exceeded(self, socket: int) -> bool:
        """Look at what waits to be read; say whether the piece that comes is too large."""
        waiting = fcntl.ioctl(socket, termios.FIONREAD, b"\0\0\0\0")
        self._come += int(struct.unpack("i", waiting)[0])
        if self._come < _FIRST_LOOK:
            return False
        now = _resident_bytes()
        if self._began_at is None:
            self._began_at = now
        return now - self._began_at > self._most


def _resident_bytes() -> int:
    """What our process holds in memory; nothing where the system does not tell."""
    try:
        return int(_STATM.read_text(encoding="ascii").split()[1]) * _PAGE
    except OSError:
        return 0
