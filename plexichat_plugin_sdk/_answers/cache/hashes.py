"""Commands on hashes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from . import refusals
from .entries import Entries, Kind
from .numbers import added, integer
from .room import ANSWER_BYTES


def _fields(entries: Entries, key: bytes) -> dict[bytes, bytes]:
    return cast("dict[bytes, bytes]", entries.value(key, Kind.HASH) or {})


def _hget(entries: Entries, key: bytes, field: bytes) -> Any:
    return _fields(entries, key).get(field)


def _hset(entries: Entries, key: bytes, *words: bytes) -> Any:
    if len(words) % 2:
        raise refusals.refused(refusals.SYNTAX)
    fields = _fields(entries, key)
    before = len(fields)
    fields.update(zip(words[::2], words[1::2], strict=True))
    entries.change(key, Kind.HASH, fields)
    return len(fields) - before


def _hsetnx(entries: Entries, key: bytes, field: bytes, value: bytes) -> Any:
    return 0 if field in _fields(entries, key) else _hset(entries, key, field, value)


def _hmget(entries: Entries, key: bytes, *names: bytes) -> Any:
    fields = _fields(entries, key)
    if sum(len(fields.get(name, b"")) for name in names) > ANSWER_BYTES:
        raise refusals.too_much_at_once(ANSWER_BYTES)
    return [fields.get(name) for name in names]


def _hgetall(entries: Entries, key: bytes) -> Any:
    return [word for pair in _fields(entries, key).items() for word in pair]


def _hdel(entries: Entries, key: bytes, *names: bytes) -> Any:
    fields = _fields(entries, key)
    removed = sum(fields.pop(name, None) is not None for name in names)
    if removed:
        entries.change(key, Kind.HASH, fields)
    return removed


def _hexists(entries: Entries, key: bytes, field: bytes) -> Any:
    return int(field in _fields(entries, key))


def _hkeys(entries: Entries, key: bytes) -> Any:
    return list(_fields(entries, key))


def _hvals(entries: Entries, key: bytes) -> Any:
    return list(_fields(entries, key).values())


def _hlen(entries: Entries, key: bytes) -> Any:
    return len(_fields(entries, key))


def _hincrby(entries: Entries, key: bytes, field: bytes, amount: bytes) -> Any:
    number = integer(amount)
    fields = _fields(entries, key)
    total = added(integer(fields.get(field, b"0"), refusals.NO_FIELD_INTEGER), number)
    fields[field] = b"%d" % total
    entries.change(key, Kind.HASH, fields)
    return total


#: Each command, as a function of the keys and its arguments; it returns the wire's reply.
COMMANDS: dict[str, Callable[..., Any]] = {
    "HGET": _hget,
    "HSET": _hset,
    "HSETNX": _hsetnx,
    "HMGET": _hmget,
    "HGETALL": _hgetall,
    "HDEL": _hdel,
    "HEXISTS": _hexists,
    "HKEYS": _hkeys,
    "HVALS": _hvals,
    "HLEN": _hlen,
    "HINCRBY": _hincrby,
}
