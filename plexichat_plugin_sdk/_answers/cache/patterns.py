"""Redis' key patterns, as regular expressions that cannot be made to run for ever.

A `*` is followed by what must come next, in an atomic group: the first place where it fits is
kept, and never tried again. So a key costs at most its length times the pattern's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_ANY = b"."


def compiled(pattern: bytes) -> re.Pattern[bytes]:
    """Return the expression that a whole key must match."""
    parts: list[list[bytes]] = [[]]
    for token in _tokens(pattern):
        if token == b"*":
            parts.append([])
        else:
            parts[-1].append(token)
    first, *rest = (b"".join(part) for part in parts)
    if not rest:
        return re.compile(first + rb"\Z", re.DOTALL)
    middle = b"".join(rb"(?>.*?" + part + b")" for part in rest[:-1] if part)
    return re.compile(first + middle + b".*" + rest[-1] + rb"\Z", re.DOTALL)


def _tokens(pattern: bytes) -> Iterator[bytes]:
    """Yield `*` for a star and the expression of one byte for everything else."""
    place = 0
    while place < len(pattern):
        byte = pattern[place : place + 1]
        place += 1
        if byte == b"[":
            token, place = _choice(pattern, place)
            yield token
        elif byte == b"\\" and place < len(pattern):
            yield re.escape(pattern[place : place + 1])
            place += 1
        else:
            yield {b"*": b"*", b"?": _ANY}.get(byte) or re.escape(byte)


def _choice(pattern: bytes, place: int) -> tuple[bytes, int]:
    """Return the expression of `[…]` whose inside begins at `place`, and where it ends."""
    negated = pattern[place : place + 1] == b"^"
    place += negated
    chosen: set[int] = set()
    while place < len(pattern) and pattern[place] != ord("]"):
        if pattern[place] == ord("\\") and place + 1 < len(pattern):
            chosen.add(pattern[place + 1])
            place += 2
        elif place + 2 < len(pattern) and pattern[place + 1] == ord("-"):
            low, high = sorted((pattern[place], pattern[place + 2]))
            chosen.update(range(low, high + 1))
            place += 3
        else:
            chosen.add(pattern[place])
            place += 1
    if negated:
        chosen = set(range(256)) - chosen
    inside = b"".join(rb"\x%02x" % byte for byte in sorted(chosen))
    return (b"[" + inside + b"]" if inside else b"(?!)"), place + 1
