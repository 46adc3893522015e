"""What the verbs write to: plain text for people, JSON for programs."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


class Stream(Protocol):
    """The part of Django's output wrapper that is used."""

    def write(self, msg: str) -> Any:
        """Write one text and a line end."""

    def flush(self) -> None:
        """Let out what was written."""


class Terminal:
    """Writes lines, tables and JSON."""

    def __init__(self, out: Stream) -> None:
        self._out = out

    def line(self, text: str) -> None:
        """One or more lines of text; what a plugin wrote cannot steer the terminal."""
        self._out.write(plain(text))

    def step(self, _name: str, text: str) -> None:
        """One step of a long operation, seen at once."""
        self.line(f"{text} …")
        self.flush()

    def flush(self) -> None:
        """Let a reader see what was written: whoever follows must not wait for a full buffer."""
        self._out.flush()

    def json(self, value: Any) -> None:
        """One JSON document."""
        self._out.write(json.dumps(value, indent=2, default=str))

    def table(self, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Columns, as wide as they need to be."""
        cells = [tuple(head), *(tuple(str(cell) for cell in row) for row in rows)]
        widths = [max(len(row[at]) for row in cells) for at in range(len(head))]
        for row in cells:
            padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            self.line("  ".join(padded).rstrip())


def plain(text: str) -> str:
    """The text without control characters: escape sequences in a log would be obeyed."""
    return "".join(_REPLACEMENT if _is_control(character) else character for character in text)


def one_line(value: Any) -> str:
    """A table's cell: a dash for nothing, one line, at most 100 characters."""
    text = " ".join(str("-" if value in (None, "") else value).split())
    return text if len(text) <= 100 else f"{text[:99]}…"


def indented(text: str) -> str:
    """The text with its further lines set off, so that none of them looks like one of ours."""
    return text.replace("\n", "\n    ")


def _is_control(character: str) -> bool:
    # Cc: control; Cf: direction marks that turn text around; Cs: halves of pairs.
    return character not in "\n\t" and unicodedata.category(character) in ("Cc", "Cf", "Cs")
