"""A plugin's keys inside one transaction: read, written, expired and counted."""

from __future__ import annotations

import sqlite3
import time
from typing import Any

import msgspec

from plexichat_plugin_sdk._answers.cache import refusals
from plexichat_plugin_sdk._answers.cache.entries import Entry, Kind, size_of
from plugin_runtime.gateway.cache.room import bytes_of_key, room

#: So many expired keys each writing command clears away, so that they never pile up.
_CLEARED_BY_THE_WAY = 8

SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    key BLOB PRIMARY KEY, kind TEXT NOT NULL, value BLOB NOT NULL,
    expires INTEGER, bytes INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS expiring ON entries (expires) WHERE expires IS NOT NULL;
CREATE TABLE IF NOT EXISTS used (keys INTEGER NOT NULL, bytes INTEGER NOT NULL);
INSERT INTO used SELECT 0, 0 WHERE NOT EXISTS (SELECT 1 FROM used);
CREATE TRIGGER IF NOT EXISTS counted_in AFTER INSERT ON entries BEGIN
    UPDATE used SET keys = keys + 1, bytes = bytes + new.bytes; END;
CREATE TRIGGER IF NOT EXISTS counted_out AFTER DELETE ON entries BEGIN
    UPDATE used SET keys = keys - 1, bytes = bytes - old.bytes; END;
CREATE TRIGGER IF NOT EXISTS counted_anew AFTER UPDATE OF bytes ON entries BEGIN
    UPDATE used SET bytes = bytes + new.bytes - old.bytes; END;
"""


_SHAPES: dict[Kind, Any] = {
    Kind.HASH: dict[bytes, bytes],
    Kind.LIST: list[bytes],
    Kind.SET: dict[bytes, None],
    Kind.ZSET: dict[bytes, float],
}
_decoders = {kind: msgspec.msgpack.Decoder(shape) for kind, shape in _SHAPES.items()}
_encoder = msgspec.msgpack.Encoder()


class Entries:
    """The keys of one plugin."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @staticmethod
    def now() -> int:
        """The time, in milliseconds since 1970."""
        return time.time_ns() // 1_000_000

    def find(self, key: bytes) -> Entry | None:
        """Return what a key holds, whatever it is; `None` when there is nothing."""
        row = self._connection.execute(
            "SELECT kind, value, expires FROM entries"
            " WHERE key = ? AND (expires IS NULL OR expires > ?)",
            (key, self.now()),
        ).fetchone()
        if row is None:
            return None
        kind = Kind(row[0])
        return Entry(
            kind, row[1] if kind is Kind.STRING else _decoders[kind].decode(row[1]), row[2]
        )

    def value(self, key: bytes, kind: Kind) -> Any:
        """Return the value of a kind; `None` when there is nothing. Raises `Refusal`."""
        entry = self.find(key)
        if entry is None:
            return None
        if entry.kind is not kind:
            raise refusals.refused(refusals.WRONG_TYPE)
        return entry.value

    def put(self, key: bytes, kind: Kind, value: Any, *, expires: int | None = None) -> None:
        """Let a key hold a value; an empty hash, list or set takes the key away."""
        if kind is not Kind.STRING and not value:
            self.remove(key)
            return
        size = bytes_of_key(key) + size_of(kind, value)
        most = room().value_bytes
        if size > most and size > self._size_of(key):
            raise refusals.too_large(most)
        stored = value if kind is Kind.STRING else _encoder.encode(value)
        self._connection.execute(
            "INSERT INTO entries VALUES (?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET"
            " kind = excluded.kind, value = excluded.value, expires = excluded.expires,"
            " bytes = excluded.bytes",
            (key, str(kind), stored, expires, size),
        )

    def change(self, key: bytes, kind: Kind, value: Any) -> None:
        """Let a key hold a value and expire when it would have before."""
        entry = self.find(key)
        self.put(key, kind, value, expires=entry.expires if entry else None)

    def expire(self, key: bytes, expires: int | None) -> None:
        """Set when a key expires; one that lies in the past takes the key away."""
        if expires is not None and expires <= self.now():
            self.remove(key)
            return
        self._connection.execute("UPDATE entries SET expires = ? WHERE key = ?", (expires, key))

    def remove(self, key: bytes) -> bool:
        """Take a key away; return whether it was there."""
        was_there = self.find(key) is not None
        self._connection.execute("DELETE FROM entries WHERE key = ?", (key,))
        return was_there

    def used(self) -> tuple[int, int]:
        """Return how many keys and bytes are counted; expired ones may be among them."""
        keys, size = self._connection.execute("SELECT keys, bytes FROM used").fetchone()
        return int(keys), int(size)

    def clear_expired(self, most: int = _CLEARED_BY_THE_WAY) -> None:
        """Take expired keys away, so many at most (-1: all)."""
        self._connection.execute(
            "DELETE FROM entries WHERE rowid IN"
            " (SELECT rowid FROM entries WHERE expires <= ? LIMIT ?)",
            (self.now(), most),
        )

    def _size_of(self, key: bytes) -> int:
        row = self._connection.execute("SELECT bytes FROM entries WHERE key = ?", (key,)).fetchone()
        return int(row[0]) if row else 0
