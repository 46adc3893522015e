"""Commands on lists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from . import refusals
from .entries import Entries, Kind
from .numbers import integer
from .strings import OK


def _values(entries: Entries, key: bytes) -> list[bytes]:
    return cast("list[bytes]", entries.value(key, Kind.LIST) or [])


def _lpush(entries: Entries, key: bytes, *values: bytes) -> Any:
    whole = [*reversed(values), *_values(entries, key)]
    entries.change(key, Kind.LIST, whole)
    return len(whole)


def _rpush(entries: Entries, key: bytes, *values: bytes) -> Any:
    whole = [*_values(entries, key), *values]
    entries.change(key, Kind.LIST, whole)
    return len(whole)


def _lpop(entries: Entries, key: bytes, *count: bytes) -> Any:
    return _popped(entries, key, count, from_front=True)


def _rpop(entries: Entries, key: bytes, *count: bytes) -> Any:
    return _popped(entries, key, count, from_front=False)


def _popped(entries: Entries, key: bytes, count: tuple[bytes, ...], *, from_front: bool) -> Any:
    wanted = counted(count)
    values = _values(entries, key)
    if not values:
        return None
    ordered = values if from_front else values[::-1]
    taken, left = ordered[:wanted], ordered[wanted:]
    entries.change(key, Kind.LIST, left if from_front else left[::-1])
    return taken if count else taken[0]


def counted(count: tuple[bytes, ...]) -> int:
    """Return how many are wanted: one, unless a count says otherwise. Raises `Refusal`."""
    if not count:
        return 1
    try:
        wanted = integer(count[0])
    except Exception as error:
        raise refusals.refused(refusals.NO_COUNT) from error
    if wanted < 0:
        raise refusals.refused(refusals.NO_COUNT)
    return wanted


def _llen(entries: Entries, key: bytes) -> Any:
    return len(_values(entries, key))


def _lrange(entries: Entries, key: bytes, first: bytes, last: bytes) -> Any:
    start, stop = integer(first), integer(last)
    values = _values(entries, key)
    return values[between(start, stop, len(values))]


def between(start: int, stop: int, length: int) -> slice:
    """Return the slice from place to place, both included; negative ones count from the end."""
    start = max(0, start + length) if start < 0 else start
    stop = stop + length if stop < 0 else stop
    return slice(start, max(0, stop + 1))


def _lindex(entries: Entries, key: bytes, place: bytes) -> Any:
    values, index = _values(entries, key), integer(place)
    return values[index] if -len(values) <= index < len(values) else None


def _ltrim(entries: Entries, key: bytes, first: bytes, last: bytes) -> Any:
    start, stop = integer(first), integer(last)
    values = _values(entries, key)
    if values:
        entries.change(key, Kind.LIST, values[between(start, stop, len(values))])
    return OK


def _lrem(entries: Entries, key: bytes, count: bytes, value: bytes) -> Any:
    wanted = integer(count)
    values = _values(entries, key)
    ordered = values[::-1] if wanted < 0 else values
    left: list[bytes] = []
    most = abs(wanted) or len(values)
    for each in ordered:
        if each == value and len(ordered) and most:
            most -= 1
        else:
            left.append(each)
    if len(left) != len(values):
        entries.change(key, Kind.LIST, left[::-1] if wanted < 0 else left)
    return len(values) - len(left)


#: Each command, as a function of the keys and its arguments; it returns the wire's reply.
COMMANDS: dict[str, Callable[..., Any]] = {
    "LPUSH": _lpush,
    "RPUSH": _rpush,
    "LPOP": _lpop,
    "RPOP": _rpop,
    "LLEN": _llen,
    "LRANGE": _lrange,
    "LINDEX": _lindex,
    "LTRIM": _ltrim,
    "LREM": _lrem,
}
