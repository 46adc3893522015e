"""Parameters on their way to the host: plain values, and `[kind, text]` for what is none.

Moments (aware datetimes) travel as they are. No value of a database is a list, so a list of two
can say that its text is a date, a time, a decimal or a UUID.
"""

from __future__ import annotations

import datetime
import decimal
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from .exceptions import DataError, ProgrammingError

_DIRECT = frozenset({type(None), bool, int, float})
#: What a value takes on the wire besides its text.
_FLAT_BYTES = 10


def sent(parameters: Any) -> tuple[Any, int]:
    """Return a sequence or mapping of parameters as it is sent, and about how many bytes it has.

    A naive datetime is taken for UTC. Raises `ProgrammingError` for what no database takes and
    `DataError` for a text that cannot be written.
    """
    if type(parameters) in (tuple, list):  # nearly always, and looking further takes long
        values = [_sent(value) for value in parameters]
        return values, _size(values)
    if isinstance(parameters, Mapping):
        names = [str(name) for name in parameters]
        values = [_sent(value) for value in parameters.values()]
        return dict(zip(names, values, strict=True)), _size(names) + _size(values)
    if isinstance(parameters, Sequence) and not isinstance(parameters, str | bytes):
        values = [_sent(value) for value in parameters]
        return values, _size(values)
    raise ProgrammingError(
        f"parameters are a list, a tuple or a mapping, not a {type(parameters).__name__}; "
        "a single one is written (value,)"
    )


def size_of_text(text: str) -> int:
    """Return how many bytes a text has on the wire; raise `DataError` when it cannot be written."""
    return len(text) if text.isascii() else len(_text_bytes(text))


def _size(values: list[Any]) -> int:
    size = 0
    for value in values:
        kind = type(value)
        if kind is str:
            size += size_of_text(value)
        else:
            size += len(value) if kind is bytes else 40
    return size + _FLAT_BYTES * len(values)


def _text_bytes(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise DataError(f"a text cannot be written as UTF-8: {error.reason}") from None


def _sent(value: Any) -> Any:
    kind = type(value)
    if kind in _DIRECT or kind is str or kind is bytes:
        if kind is int and not -(2**63) <= value < 2**63:
            raise DataError("a whole number has more than 64 bits")
        return value
    if isinstance(value, datetime.datetime):
        return value if value.tzinfo else value.replace(tzinfo=datetime.UTC)
    for tag, tagged in _TAGGED.items():
        if isinstance(value, tagged):
            return [tag, str(value)]
    return _sent_otherwise(value)


def _sent_otherwise(value: Any) -> Any:
    if isinstance(value, bytearray | memoryview):
        return bytes(value)
    if isinstance(value, str):  # an enum
        return str.__str__(value)
    for kind in (int, float):  # a library's own number
        if isinstance(value, kind):
            return _sent(kind(value))
    hint = "; json.dumps() makes a text of it" if isinstance(value, list | tuple | dict) else ""
    raise ProgrammingError(f"a {type(value).__name__} is no value for a database{hint}")


_TAGGED: dict[str, type[Any]] = {
    "date": datetime.date,
    "time": datetime.time,
    "decimal": decimal.Decimal,
    "uuid": uuid.UUID,
}
