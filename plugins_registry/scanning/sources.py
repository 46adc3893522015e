"""A package's Python files, parsed under limits: text that may have been made to harm a parser."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

#: One file. Beyond, nobody wrote it.
SOURCE_BYTES = 1024**2
#: Words and signs in one file and in all: a syntax tree takes up to two kilobytes for each, and
#: thirty microseconds.
FILE_WORDS, PACKAGE_WORDS = 100_000, 400_000
_WORD = re.compile(r"\w+|[^\w\s]|\n")
_ENCODINGS = frozenset({"utf-8", "utf-8-sig", "ascii"})


@dataclass(frozen=True, kw_only=True)
class Source:
    """One file that Python can read."""

    #: Relative to the package, with slashes.
    path: str
    text: str
    tree: ast.Module


class Unreadable(Exception):
    """Why a file is not read; the text is for the admin."""


class SourceReader:
    """Reads one file after the other and keeps the account of all of them."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._words = PACKAGE_WORDS

    def read(self, path: str) -> Source:
        """Parse one file without running it. Raises `Unreadable`."""
        raw = self._bytes(path)
        _refuse_encoding(raw)
        try:
            text = io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8-sig").read()
        except UnicodeDecodeError:
            raise Unreadable("not UTF-8; save it as UTF-8") from None
        self._count(text)
        return Source(path=path, text=text, tree=_parsed(text, path))

    def _bytes(self, path: str) -> bytes:
        with (self._root / path).open("rb") as file:
            raw = file.read(SOURCE_BYTES + 1)
        if len(raw) > SOURCE_BYTES:
            raise Unreadable(f"larger than {SOURCE_BYTES} bytes; split it")
        return raw

    def _count(self, text: str) -> None:
        words = sum(1 for _ in _WORD.finditer(text))
        if words > FILE_WORDS:
            raise Unreadable(f"more than {FILE_WORDS} words and signs; keep data in a data file")
        self._words -= words
        if self._words < 0:
            raise Unreadable(
                f"more than {PACKAGE_WORDS} words and signs up to here; name libraries in "
                f"dependencies.packages instead of packing them"
            )


def python_files(paths: Iterable[str]) -> list[str]:
    """The files that are read, in order."""
    return sorted(path for path in paths if path.endswith(".py"))


def _refuse_encoding(raw: bytes) -> None:
    """Refuse what Python would read otherwise than we do: in UTF-7 a comment can be code."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(raw).readline)
    except SyntaxError:
        encoding = ""
    if encoding not in _ENCODINGS:
        raise Unreadable("not UTF-8; save it as UTF-8, without a line about another encoding")


def _parsed(text: str, path: str) -> ast.Module:
    try:
        return ast.parse(text, filename=path)
    except SyntaxError as error:
        raise Unreadable(f"not valid Python: {error.msg} (line {error.lineno})") from None
    except (ValueError, RecursionError, MemoryError):
        # NUL characters, or nesting that no person writes.
        raise Unreadable(
            "not Python that can be read; look for NUL characters or endless nesting"
        ) from None
