"""Commands on strings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import refusals
from .entries import Entries, Kind
from .numbers import added, integer, summed
from .room import ANSWER_BYTES

OK = b"OK"


def _get(entries: Entries, key: bytes) -> Any:
    return entries.value(key, Kind.STRING)


def _set(entries: Entries, key: bytes, value: bytes, *options: bytes) -> Any:
    words, expires = _set_options(options, entries.now())
    before = entries.find(key)
    if b"GET" in words and before is not None and before.kind is not Kind.STRING:
        raise refusals.refused(refusals.WRONG_TYPE)
    answer = before.value if before is not None and b"GET" in words else None
    if (b"NX" in words and before is not None) or (b"XX" in words and before is None):
        return answer
    if b"KEEPTTL" in words and before is not None:
        expires = before.expires
    entries.put(key, Kind.STRING, value, expires=expires)
    if expires is not None:
        entries.expire(key, expires)
    return answer if b"GET" in words else OK


def _set_options(options: tuple[bytes, ...], now: int) -> tuple[set[bytes], int | None]:
    """Return the plain words among them, and when the key is to expire."""
    words: set[bytes] = set()
    expires: int | None = None
    rest = list(options)
    while rest:
        word = rest.pop(0).upper()
        if word in (b"EX", b"PX") and rest and expires is None:
            expires = moment(rest.pop(0), 1000 if word == b"EX" else 1, now, least=1)
        elif word in (b"NX", b"XX", b"GET", b"KEEPTTL"):
            words.add(word)
        else:
            raise refusals.refused(refusals.SYNTAX)
    if {b"NX", b"XX"} <= words or (b"KEEPTTL" in words and expires is not None):
        raise refusals.refused(refusals.SYNTAX)
    return words, expires


def moment(span: bytes, unit: int, now: int, *, least: int) -> int:
    """Return the time in milliseconds since 1970 that is so far away; raise `Refusal`."""
    number = integer(span)
    expires = now + number * unit
    if number < least or not abs(expires) < 2**63 or not abs(number * unit) < 2**63:
        raise refusals.refused(refusals.NO_EXPIRY)
    return expires


def _setnx(entries: Entries, key: bytes, value: bytes) -> Any:
    return 1 if _set(entries, key, value, b"NX") else 0


def _getset(entries: Entries, key: bytes, value: bytes) -> Any:
    return _set(entries, key, value, b"GET")


def _getdel(entries: Entries, key: bytes) -> Any:
    value = _get(entries, key)
    if value is not None:
        entries.remove(key)
    return value


def _append(entries: Entries, key: bytes, value: bytes) -> Any:
    whole = (_get(entries, key) or b"") + value
    entries.change(key, Kind.STRING, whole)
    return len(whole)


def _strlen(entries: Entries, key: bytes) -> Any:
    return len(_get(entries, key) or b"")


def _incrby(entries: Entries, key: bytes, amount: bytes) -> Any:
    return _changed(entries, key, integer(amount))


def _decrby(entries: Entries, key: bytes, amount: bytes) -> Any:
    number = integer(amount)
    if number == -(2**63):
        raise refusals.refused(refusals.OVERFLOW)
    return _changed(entries, key, -number)


def _changed(entries: Entries, key: bytes, amount: int) -> int:
    stored = _get(entries, key)
    total = added(0 if stored is None else integer(stored), amount)
    entries.change(key, Kind.STRING, b"%d" % total)
    return total


def _incrbyfloat(entries: Entries, key: bytes, amount: bytes) -> Any:
    stored = _get(entries, key)
    total = summed(b"0" if stored is None else stored, amount)
    entries.change(key, Kind.STRING, total)
    return total


def _mget(entries: Entries, *keys: bytes) -> Any:
    known: dict[bytes, bytes | None] = {}
    left = ANSWER_BYTES
    for key in keys:
        if key not in known:
            entry = entries.find(key)
            known[key] = entry.value if entry and entry.kind is Kind.STRING else None
        left -= len(known[key] or b"")
        if left < 0:
            raise refusals.too_much_at_once(ANSWER_BYTES)
    return [known[key] for key in keys]


def _mset(entries: Entries, *words: bytes) -> Any:
    for key, value in zip(words[::2], words[1::2], strict=True):
        entries.put(key, Kind.STRING, value)
    return OK


#: Each command, as a function of the keys and its arguments; it returns the wire's reply.
COMMANDS: dict[str, Callable[..., Any]] = {
    "GET": _get,
    "SET": _set,
    "SETNX": _setnx,
    "GETSET": _getset,
    "GETDEL": _getdel,
    "APPEND": _append,
    "STRLEN": _strlen,
    "INCRBY": _incrby,
    "DECRBY": _decrby,
    "INCRBYFLOAT": _incrbyfloat,
    "MGET": _mget,
    "MSET": _mset,
}
