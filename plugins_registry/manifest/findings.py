"""What is wrong with a manifest, and where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from plugins_registry.places import Path, written_path

#: The line (from 1) on which each value of a manifest begins.
Lines = Mapping[Path, int]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One problem or warning of a manifest."""

    path: Path
    #: What is wrong, what was expected, what to do.
    message: str
    #: The line in `plugin.yaml`; None when nothing there corresponds.
    line: int | None = None

    def __str__(self) -> str:
        where = written_path(self.path)
        text = f"{where}: {self.message}" if where else self.message
        return f"{text} (line {self.line})" if self.line else text


def nearest_line(path: Path, lines: Lines) -> int | None:
    """The line of the value, or of the innermost thing around it that exists."""
    for length in range(len(path), -1, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return None
