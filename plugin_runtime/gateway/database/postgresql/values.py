"""Values between Python and PostgreSQL, in the shape that both databases share.

Only what MessagePack carries is made of a result; timestamps, dates, UUIDs and numbers with a
declared precision go on as text, which the SDK reads by the column's type.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg.abc import Buffer, Transformer
from psycopg.adapt import AdaptersMap, Loader
from psycopg.pq.abc import PGresult
from psycopg.types.string import TextLoader

from plugin_runtime.gateway.database.store import Column

Row = tuple[Any, ...]

_AS_THEY_ARE = frozenset({"bool", "int2", "int4", "int8", "oid", "float4", "float8", "bytea"})
_TYPES = {
    "bool": "boolean",
    "timestamp": "timestamp",
    "timestamptz": "timestamp",
    "date": "date",
    "time": "time",
    "numeric": "decimal",
    "uuid": "uuid",
}
#: What each field and each row weigh besides their texts, in bytes; Python takes a few times that.
_FIXED, _ROW = 8, 8


class _NaiveTimestamp(Loader):
    """A timestamp without a zone: it is in UTC, as everything here."""

    def load(self, data: Buffer) -> str:
        """Return it with its zone."""
        return f"{bytes(data).decode()}+00"


def _adapters() -> AdaptersMap:
    adapters = AdaptersMap(psycopg.adapters)
    for known in psycopg.adapters.types:
        if known.name not in _AS_THEY_ARE:
            adapters.register_loader(known.oid, TextLoader)
        if known.array_oid:
            adapters.register_loader(known.array_oid, TextLoader)
    adapters.register_loader("timestamp", _NaiveTimestamp)
    return adapters


class Adapted:
    """What psycopg wants to know of a connection's values."""

    adapters = _adapters()
    connection = None


_OIDS = {psycopg.adapters.types[name].oid: type_ for name, type_ in _TYPES.items()}
#: Characters of a 64-bit number with its sign. Python refuses to read thousands of digits.
_LONGEST_INT = 20
_NUMERIC = psycopg.adapters.types["numeric"].oid
_PLAIN = frozenset(psycopg.adapters.types[name].oid for name in _AS_THEY_ARE - {"bytea"})


class Reader:
    """Makes rows of one statement's results, and counts what they weigh."""

    def __init__(self, transformer: Transformer, first: PGresult) -> None:
        self._transformer = transformer
        # Set once: all chunks of a result have the same columns.
        transformer.set_pgresult(first)
        places = range(first.nfields)
        self.columns = tuple(_column(first, at) for at in places)
        self._numbers = [at for at in places if _is_free_number(first, at)]
        fixed = _PLAIN | {_NUMERIC}
        self._sized = [at for at in places if first.ftype(at) not in fixed]
        self._base = _ROW + _FIXED * first.nfields

    def rows(self, chunk: PGresult) -> list[Row]:
        """Return the rows of one chunk."""
        if not chunk.ntuples:
            return []
        self._transformer.set_pgresult(chunk, set_loaders=False)
        rows = self._transformer.load_rows(0, chunk.ntuples, tuple)
        return self._numbered(rows) if self._numbers else rows

    def bytes_of(self, rows: Sequence[Row]) -> int:
        """Return about how many bytes these rows take."""
        texts = sum(sum(map(len, filter(None, (row[at] for row in rows)))) for at in self._sized)
        return len(rows) * self._base + texts

    def _numbered(self, rows: list[Row]) -> list[Row]:
        places = self._numbers
        return [
            tuple(_number(value) if at in places else value for at, value in enumerate(row))
            for row in rows
        ]


def _column(result: PGresult, at: int) -> Column:
    name = (result.fname(at) or b"").decode()
    if _is_free_number(result, at):
        return Column(name)
    return Column(name, _OIDS.get(result.ftype(at), ""))


def _is_free_number(result: PGresult, at: int) -> bool:
    """Whether it is a number that was computed: no table's column, and without a precision."""
    return result.ftype(at) == _NUMERIC and result.fmod(at) == -1 and not result.ftable(at)


def _number(text: str | None) -> int | float | None:
    """An int where it is whole and not beyond 64 bits, else a float: as SQLite counts."""
    if text is None:
        return None
    whole, _, fraction = text.partition(".")
    is_short = whole.lstrip("-").isdigit() and len(whole) <= _LONGEST_INT
    if fraction.strip("0") or not is_short or not -(2**63) <= int(whole) < 2**63:
        return float(text)
    return int(whole)
