"""What is wrong with a manifest, and where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

#: The way to a value: keys and list positions, from the outside in.
Path = tuple[str | int, ...]
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


def written_path(path: Path) -> str:
    """`("hooks", 3)` as `hooks[3]`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def nearest_line(path: Path, lines: Lines) -> int | None:
    """The line of the value, or of the innermost thing around it that exists."""
    for length in range(len(path), -1, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return None
