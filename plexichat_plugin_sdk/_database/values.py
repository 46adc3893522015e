"""From the columns' types to Python's: both databases give the same."""

from __future__ import annotations

import datetime
import decimal
import uuid
from collections.abc import Callable
from typing import Any

Row = tuple[Any, ...]


def rows_of(rows: list[list[Any]], types: list[str]) -> list[Row]:
    """Return rows as tuples, with moments, decimals and UUIDs where the columns hold them."""
    readers = [(at, _READERS[kind]) for at, kind in enumerate(types) if kind in _READERS]
    for at, read in readers:
        for row in rows:
            value = row[at]
            if value is not None:
                row[at] = read(value)
    return list(map(tuple, rows))


def _moment(value: Any) -> Any:
    if type(value) is not str:
        return value
    try:
        moment = datetime.datetime.fromisoformat(value)
    except ValueError:
        return value  # SQLite keeps in a column whatever it was given
    if moment.tzinfo is None:
        return moment.replace(tzinfo=datetime.UTC)
    return moment.astimezone(datetime.UTC)


def _from_text(read: Callable[[str], Any]) -> Callable[[Any], Any]:
    def reader(value: Any) -> Any:
        try:
            return read(value) if type(value) is str else value
        except (ValueError, ArithmeticError):
            return value

    return reader


def _decimal(value: Any) -> Any:
    if type(value) is bool or not isinstance(value, int | float | str):
        return value
    try:
        return decimal.Decimal(str(value))
    except ArithmeticError:
        return value


def _boolean(value: Any) -> Any:
    return bool(value) if value in (0, 1) else value


_READERS: dict[str, Callable[[Any], Any]] = {
    "timestamp": _moment,
    "date": _from_text(datetime.date.fromisoformat),
    "time": _from_text(datetime.time.fromisoformat),
    "decimal": _decimal,
    "uuid": _from_text(uuid.UUID),
    "boolean": _boolean,
}
