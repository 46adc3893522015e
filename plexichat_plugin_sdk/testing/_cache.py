"""The cache of a test: the server's commands on keys that lie in memory."""

from __future__ import annotations

import copy
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from plexichat_plugin_sdk._answers.cache import patterns, refusals
from plexichat_plugin_sdk._answers.cache.calls import Call, check_key, checked, checked_batch
from plexichat_plugin_sdk._answers.cache.doings import DOINGS, size_of_reply
from plexichat_plugin_sdk._answers.cache.entries import Entry, Kind, size_of
from plexichat_plugin_sdk._answers.cache.room import (
    ANSWER_BYTES,
    Room,
    bytes_of_key,
    over_the_limit,
)
from plexichat_plugin_sdk._answers.refusal import Refusal
from plexichat_plugin_sdk._wire import codes

from ._clock import Clock

#: What a server allows unless its operator says otherwise.
ROOM = Room(keys=10_000, bytes=16 * 1024**2, value_bytes=1024**2)


class MemoryEntries:
    """The keys; see `entries.Entries`. What is handed out is a copy."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.kept: dict[bytes, tuple[Entry, int]] = {}
        self._bytes = 0

    def now(self) -> int:
        """The time, in milliseconds since 1970."""
        return self._clock.milliseconds

    def find(self, key: bytes) -> Entry | None:
        """Return what a key holds; expired ones are gone."""
        entry, _ = self.kept.get(key, (None, 0))
        if entry is not None and entry.expires is not None and entry.expires <= self.now():
            self._drop(key)
            return None
        return None if entry is None else Entry(entry.kind, copy.copy(entry.value), entry.expires)

    def value(self, key: bytes, kind: Kind) -> Any:
        """Return the value of a kind."""
        entry = self.find(key)
        if entry is not None and entry.kind is not kind:
            raise refusals.refused(refusals.WRONG_TYPE)
        return None if entry is None else entry.value

    def put(self, key: bytes, kind: Kind, value: Any, *, expires: int | None = None) -> None:
        """Let a key hold a value."""
        if kind is not Kind.STRING and not value:
            self.remove(key)
            return
        size = bytes_of_key(key) + size_of(kind, value)
        if size > ROOM.value_bytes and size > self.kept.get(key, (None, 0))[1]:
            raise refusals.too_large(ROOM.value_bytes)
        self._drop(key)
        self.kept[key] = (Entry(kind, value, expires), size)
        self._bytes += size

    def change(self, key: bytes, kind: Kind, value: Any) -> None:
        """Let a key hold a value and expire when it would have before."""
        entry = self.find(key)
        self.put(key, kind, value, expires=entry.expires if entry else None)

    def expire(self, key: bytes, expires: int | None) -> None:
        """Set when a key expires."""
        entry = self.find(key)
        if expires is not None and expires <= self.now():
            self._drop(key)
        elif entry is not None:
            self.kept[key] = (Entry(entry.kind, entry.value, expires), self.kept[key][1])

    def remove(self, key: bytes) -> bool:
        """Take a key away; return whether it was there."""
        was_there = self.find(key) is not None
        self._drop(key)
        return was_there

    def used(self) -> tuple[int, int]:
        """Return how many keys and bytes there are."""
        return len(self.kept), self._bytes

    def restore(self, kept: dict[bytes, tuple[Entry, int]]) -> None:
        """Undo: be as before."""
        self.kept = kept
        self._bytes = sum(size for _, size in kept.values())

    def clear_expired(self) -> None:
        """Take expired keys away."""
        for key in list(self.kept):
            self.find(key)

    def _drop(self, key: bytes) -> None:
        _, size = self.kept.pop(key, (None, 0))
        self._bytes -= size


class MemoryCache:
    """Answers the questions about the cache; one at a time."""

    def __init__(self, clock: Clock) -> None:
        self._entries = MemoryEntries(clock)
        self._lock = threading.Lock()

    def do(self, arguments: Mapping[str, Any]) -> Any:
        """Carry out one command."""
        call = checked(arguments.get("command"), arguments.get("args"))
        with self._lock:
            return self._carried_out(call)

    def batch(self, arguments: Mapping[str, Any]) -> list[Any]:
        """Carry out many; a refused one's reply is its refusal."""
        calls = checked_batch(arguments.get("commands"))
        with self._lock:
            return self._replies(calls)

    def scan(self, arguments: Mapping[str, Any]) -> list[Any]:
        """Return all keys that match, at once."""
        pattern = arguments.get("match")
        if type(pattern) is not bytes:
            raise Refusal(codes.INVALID, "'match' must be bytes")
        check_key(pattern, "a pattern")
        matches = patterns.compiled(pattern).match
        with self._lock:
            self._entries.clear_expired()
            return [None, [key for key in sorted(self._entries.kept) if matches(key)]]

    def _replies(self, calls: Sequence[Call]) -> list[Any]:
        replies: list[Any] = []
        left = ANSWER_BYTES
        for call in calls:
            try:
                if left < 0:
                    raise refusals.too_much_at_once(ANSWER_BYTES)
                reply = self._carried_out(call)
                left -= size_of_reply(reply)
            except Refusal as refusal:
                reply = {"refused": [refusal.code, str(refusal), refusal.details]}
            replies.append(reply)
        return replies

    def _carried_out(self, call: Call) -> Any:
        entries, doing = self._entries, DOINGS[call.command.name]
        if not call.command.writes:
            return doing(entries, *call.arguments)
        before, kept = entries.used(), dict(entries.kept)
        try:
            reply = doing(entries, *call.arguments)
            self._check_room(before)
        except Refusal:
            entries.restore(kept)
            raise
        return reply

    def _check_room(self, before: tuple[int, int]) -> None:
        entries = self._entries
        if over_the_limit(entries.used(), before, ROOM) is None:
            return
        entries.clear_expired()
        if refusal := over_the_limit(entries.used(), before, ROOM):
            raise refusal
