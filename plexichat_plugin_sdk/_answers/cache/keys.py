"""Commands on keys of any type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import refusals
from .entries import Entries, Kind
from .strings import moment


def _del(entries: Entries, *keys: bytes) -> Any:
    return sum(entries.remove(key) for key in keys)


def _exists(entries: Entries, *keys: bytes) -> Any:
    # One named a thousand times is unfolded once.
    found = {key: entries.find(key) is not None for key in set(keys)}
    return sum(found[key] for key in keys)


def _expire(entries: Entries, key: bytes, span: bytes, *options: bytes) -> Any:
    return _changed(entries, key, moment(span, 1000, entries.now(), least=-(2**63)), options)


def _pexpire(entries: Entries, key: bytes, span: bytes, *options: bytes) -> Any:
    return _changed(entries, key, moment(span, 1, entries.now(), least=-(2**63)), options)


def _changed(entries: Entries, key: bytes, expires: int, options: tuple[bytes, ...]) -> int:
    words = {option.upper() for option in options}
    if not words <= {b"NX", b"XX", b"GT", b"LT"}:
        raise refusals.refused(refusals.SYNTAX)
    entry = entries.find(key)
    if entry is None or not _may_change(words, entry.expires, expires):
        return 0
    entries.expire(key, expires)
    return 1


def _may_change(words: set[bytes], before: int | None, expires: int) -> bool:
    if before is None:
        return not words & {b"XX", b"GT"}
    refused = b"NX" in words
    refused |= b"GT" in words and expires <= before
    refused |= b"LT" in words and expires >= before
    return not refused


def _ttl(entries: Entries, key: bytes) -> Any:
    left: int = _pttl(entries, key)
    return left if left < 0 else (left + 500) // 1000


def _pttl(entries: Entries, key: bytes) -> Any:
    entry = entries.find(key)
    if entry is None:
        return -2
    return -1 if entry.expires is None else max(0, entry.expires - entries.now())


def _persist(entries: Entries, key: bytes) -> Any:
    entry = entries.find(key)
    if entry is None or entry.expires is None:
        return 0
    entries.expire(key, None)
    return 1


def _type(entries: Entries, key: bytes) -> Any:
    entry = entries.find(key)
    return b"none" if entry is None else str(entry.kind).encode()


def _deleq(entries: Entries, key: bytes, value: bytes) -> Any:
    if entries.value(key, Kind.STRING) != value:
        return 0
    return int(entries.remove(key))


#: Each command, as a function of the keys and its arguments; it returns the wire's reply.
COMMANDS: dict[str, Callable[..., Any]] = {
    "DEL": _del,
    "EXISTS": _exists,
    "EXPIRE": _expire,
    "PEXPIRE": _pexpire,
    "TTL": _ttl,
    "PTTL": _pttl,
    "PERSIST": _persist,
    "TYPE": _type,
    "DELEQ": _deleq,
}
