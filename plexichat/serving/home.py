"""The home folder of one host: made with tight modes, and used by one `run` at a time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class HomeTaken(Exception):
    """Another host runs on the same folder."""


def make(home: Path) -> None:
    """Make the folder and its `run/`; raises OSError where that is not allowed.

    Others may pass through to released plugin code, which sandboxes of other users read, but
    may not look around. The database file is made here, since SQLite would let everybody read.
    """
    home.mkdir(mode=0o711, parents=True, exist_ok=True)
    (home / "run").mkdir(mode=0o700, exist_ok=True)


def make_private(path: Path) -> None:
    """See that only its owner may read a file; make it where there is none.

    SQLite itself makes the database for everybody to read, when another command comes first.
    """
    path.touch(mode=0o600, exist_ok=True)
    path.chmod(0o600)


@contextmanager
def taken(home: Path) -> Iterator[None]:
    """Hold the folder for this process; raises HomeTaken while another one has it.

    The system releases the hold with the process, however it ends: no stale lock is possible.
    """
    descriptor = os.open(home / "run" / "host.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
            raise HomeTaken(
                f"PlexiChat already runs on {home} (process {holder}). "
                "Stop it first, or give this one a folder of its own: PLEXICHAT_HOME=/another/path"
            ) from error
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)
