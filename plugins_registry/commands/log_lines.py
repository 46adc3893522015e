"""A plugin's log as lines: those that are there, then those that come, through rotation."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from time import sleep
from typing import TextIO

from plugins_registry.conf import conf

POLL_SECONDS = 0.2


def log_path(plugin: str) -> Path:
    """Where the gateway writes what the plugin logs: one JSON object a line."""
    return conf.HOME / "logs" / "plugins" / f"{plugin}.jsonl"


class Log:
    """One reader of a plugin's log: `written` first, then `coming` if wanted."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = _open(path)

    def written(self) -> Iterator[str]:
        """All lines that are there, the oldest first; also of the file that was put aside."""
        older = _open(self._path.with_name(f"{self._path.name}.1"))
        if older is not None:
            with older:
                # It may be the very file that was opened a moment ago, put aside since.
                if self._file is None or not _is_same(older, self._file):
                    yield from older
        while line := self._next():
            yield line

    def coming(self) -> Iterator[str]:
        """Whole lines as they are added, for ever. A file that was put aside is read to its end.

        Whoever reads so slowly that two files are put aside meanwhile misses the second.
        """
        while True:
            line = self._next()
            if not line and self._is_replaced():
                # Between the look at its end and at its name its last lines may have come.
                line = self._next()
                if not line:
                    self._reopen()
                    line = self._next()
            if line:
                yield line
            else:
                sleep(POLL_SECONDS)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _next(self) -> str:
        """Return the next whole line; an empty text when its writer has not finished one."""
        if self._file is None:
            return ""
        at = self._file.tell()
        line = self._file.readline()
        if line.endswith("\n"):
            return line
        self._file.seek(at)
        return ""

    def _is_replaced(self) -> bool:
        if self._file is None:
            return True
        try:
            named = self._path.stat()
        except FileNotFoundError:
            return False  # until there is a new one, the old one is all there is
        held = os.fstat(self._file.fileno())
        return not os.path.samestat(named, held) or named.st_size < self._file.tell()

    def _reopen(self) -> None:
        self.close()
        self._file = _open(self._path)


def _open(path: Path) -> TextIO | None:
    with contextlib.suppress(FileNotFoundError):
        return path.open(encoding="utf-8", errors="replace", newline="\n")
    return None


def _is_same(one: TextIO, other: TextIO) -> bool:
    return os.path.samestat(os.fstat(one.fileno()), os.fstat(other.fileno()))
