"""A result's rows in pieces: encoded one by one, so that no piece is ever larger than it may be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from . import limits
from .store import DatabaseRefusal

#: One piece; together with the longest row far below a frame.
CHUNK_ROWS = 4_000
CHUNK_BYTES = 256 * 1024
_ARRAY_HEAD_BYTES = 5
_encoder = msgspec.msgpack.Encoder()


class Rows:
    """What is left of one result; raises `DatabaseRefusal` as it is taken."""

    def __init__(self, rows: Iterator[tuple[Any, ...]]) -> None:
        self._rows = rows
        self._next = next(rows, None)
        self._taken = 0
        self._bytes = 0

    @property
    def has_more(self) -> bool:
        """Whether there are rows left."""
        return self._next is not None

    def take(self) -> tuple[msgspec.Raw, int]:
        """Return the next piece, encoded, and how many rows it has."""
        encode_into, rows = _encoder.encode_into, self._rows
        piece = bytearray(_ARRAY_HEAD_BYTES)
        row, count = self._next, 0
        while row is not None:
            encode_into(row, piece, -1)
            count += 1
            row = next(rows, None)
            if count >= CHUNK_ROWS or len(piece) > CHUNK_BYTES:
                break
        self._next = row
        self._account(count, len(piece))
        piece[0] = 0xDD  # an array of that many items, in MessagePack
        piece[1:_ARRAY_HEAD_BYTES] = count.to_bytes(4, "big")
        return msgspec.Raw(piece), count

    def _account(self, rows: int, size: int) -> None:
        most = limits.current()
        self._taken += rows
        self._bytes += size
        if self._taken > most.result_rows:
            raise too_much(f"{most.result_rows} rows")
        if self._bytes > most.result_bytes:
            raise too_much(f"{most.result_bytes} bytes")


def too_much(limit: str) -> DatabaseRefusal:
    """Return the refusal of a result that exceeds a limit, as `100 rows`."""
    return DatabaseRefusal(
        "OperationalError", f"the result has more than {limit}; narrow it down, or use LIMIT"
    )
