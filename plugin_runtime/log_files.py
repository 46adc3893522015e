"""Plugins' log files: one JSON object a line, limited in size and age, safe for many writers.

`NAME.jsonl` is written, `NAME.jsonl.1` is what was written before it; no other name is used. A
writer holds the file's lock while it writes one line, and whoever renames a file holds it too, so
no line is torn or lost when two gateways write at once. A file that was renamed is noticed by
its inode.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path

from .conf import conf

_FLAGS = os.O_APPEND | os.O_CREAT | os.O_RDWR | os.O_CLOEXEC
_MODE = 0o600


def folder() -> Path:
    """Where the logs of plugins lie; for the host's own user only: they quote what people wrote."""
    logs = conf.home / "logs"
    for path in (logs, logs / "plugins"):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    logs.chmod(0o700)
    return logs / "plugins"


class LogFile:
    """One writer of one plugin's log; not safe for threads by itself."""

    def __init__(self, plugin: str, *, bytes_limit: int) -> None:
        self._path = folder() / f"{plugin}.jsonl"
        self._limit = bytes_limit
        self._descriptor = -1

    def write(self, line: str) -> None:
        """Append one line; a file that would grow over its limit is put aside first."""
        data = line.encode("utf-8", "replace") + b"\n"
        with self._locked() as descriptor:
            size = os.fstat(descriptor).st_size
            if not size or size + len(data) <= self._limit:
                _write_all(descriptor, data)
                return
            os.replace(self._path, _older(self._path))
        with self._locked() as descriptor:
            _write_all(descriptor, data)

    def close(self) -> None:
        """Close it; the next line opens it again."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    @contextlib.contextmanager
    def _locked(self) -> Iterator[int]:
        """Hold the lock of the file that has the name now."""
        while True:
            if self._descriptor < 0:
                self._descriptor = os.open(self._path, _FLAGS, _MODE)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            if _has_name(self._descriptor, self._path):
                break
            self.close()  # somebody has put it aside, or removed it
        try:
            yield self._descriptor
        finally:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)


def forget_old(*, now: datetime, days: int) -> None:
    """Remove every line that is older than so many days; safe while plugins log."""
    before = (now - timedelta(days=days)).isoformat(timespec="milliseconds")
    for path in sorted(folder().glob("*.jsonl*")):
        current = path if path.suffix == ".jsonl" else path.with_suffix("")
        if _is_old(_first_line(path), before):
            _shorten(current, before)


def _shorten(path: Path, before: str) -> None:
    """Put the file aside with what is young enough of it and of the one before."""
    older = _older(path)
    descriptor = os.open(path, _FLAGS, _MODE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if not _has_name(descriptor, path):
            return  # put aside a moment ago by its writer; the next sweep looks again
        young = [line for line in _lines(older, path) if not _is_old(line, before)]
        shortened = path.with_suffix(".short")
        with shortened.open("wb") as file:
            file.writelines(young)
        shortened.chmod(_MODE)
        os.replace(shortened, older)
        path.unlink()
        if not young:
            older.unlink()
    finally:
        os.close(descriptor)


def _lines(*paths: Path) -> Iterator[bytes]:
    files = []
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            files.append(path.open("rb"))
    with contextlib.ExitStack() as stack:
        opened: Iterable[Iterable[bytes]] = [stack.enter_context(file) for file in files]
        yield from chain.from_iterable(opened)


def _first_line(path: Path) -> bytes:
    return next(_lines(path), b"")


def _is_old(line: bytes, before: str) -> bool:
    """Whether the line says that it was written before; one without a time is as old as it gets."""
    if not line:
        return False
    try:
        return str(json.loads(line)["time"]) < before
    except (ValueError, KeyError, TypeError):
        return True


def _has_name(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def _older(path: Path) -> Path:
    return path.with_name(f"{path.name}.1")


def _write_all(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]
