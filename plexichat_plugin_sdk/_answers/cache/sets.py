"""Commands on sets."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, cast

from .entries import Entries, Kind
from .lists import counted


def _members(entries: Entries, key: bytes) -> dict[bytes, None]:
    return cast("dict[bytes, None]", entries.value(key, Kind.SET) or {})


def _sadd(entries: Entries, key: bytes, *members: bytes) -> Any:
    known = _members(entries, key)
    before = len(known)
    known.update(dict.fromkeys(members))
    if len(known) != before:
        entries.change(key, Kind.SET, known)
    return len(known) - before


def _srem(entries: Entries, key: bytes, *members: bytes) -> Any:
    known = _members(entries, key)
    before = len(known)
    for member in members:
        known.pop(member, None)
    if len(known) != before:
        entries.change(key, Kind.SET, known)
    return before - len(known)


def _smembers(entries: Entries, key: bytes) -> Any:
    return list(_members(entries, key))


def _sismember(entries: Entries, key: bytes, member: bytes) -> Any:
    return int(member in _members(entries, key))


def _scard(entries: Entries, key: bytes) -> Any:
    return len(_members(entries, key))


def _spop(entries: Entries, key: bytes, *count: bytes) -> Any:
    wanted = counted(count)
    known = _members(entries, key)
    taken = random.sample(list(known), min(wanted, len(known)))
    for member in taken:
        del known[member]
    if taken:
        entries.change(key, Kind.SET, known)
    return taken if count else (taken[0] if taken else None)


#: Each command, as a function of the keys and its arguments; it returns the wire's reply.
COMMANDS: dict[str, Callable[..., Any]] = {
    "SADD": _sadd,
    "SREM": _srem,
    "SMEMBERS": _smembers,
    "SISMEMBER": _sismember,
    "SCARD": _scard,
    "SPOP": _spop,
}
