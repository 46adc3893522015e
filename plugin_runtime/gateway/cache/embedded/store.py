"""The file of one plugin's cache, opened by one line."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from plugin_runtime.conf import conf
from plugin_runtime.gateway.cache import refusals
from plugin_runtime.gateway.cache.calls import Call
from plugin_runtime.gateway.cache.room import ANSWER_BYTES, room
from plugin_runtime.gateway.refusal import Refusal

from . import hashes, keys, lists, sets, sorted_sets, strings
from .entries import SCHEMA, Entries

logger = logging.getLogger(__name__)

#: How long a command waits for another process that writes.
_PATIENCE_SECONDS = 1.5
_KEYS_PER_SCAN = 500
_SIDE_FILES = ("", "-wal", "-shm")

_COMMANDS: dict[str, Callable[..., Any]] = {
    **strings.COMMANDS,
    **keys.COMMANDS,
    **hashes.COMMANDS,
    **lists.COMMANDS,
    **sets.COMMANDS,
    **sorted_sets.COMMANDS,
}


def path_of(plugin: str) -> Path:
    """Where a plugin's cache is."""
    return conf.home / "plugins-data" / plugin / "cache.sqlite3"


class EmbeddedStore:
    """One plugin's keys in its own file."""

    def __init__(self, plugin: str) -> None:
        self._plugin = plugin
        self._connection: sqlite3.Connection | None = None

    def do(self, call: Call) -> Any:
        """Carry out one command."""
        with self._entries(writes=call.command.writes) as entries:
            return _carried_out(entries, call)

    def batch(self, calls: Sequence[Call]) -> list[Any]:
        """Carry out many in one transaction; a refused one alone is undone."""
        replies: list[Any] = []
        left = ANSWER_BYTES
        with self._entries(writes=any(call.command.writes for call in calls)) as entries:
            for call in calls:
                reply = self._in_savepoint(entries, call, left)
                left -= _size_of(reply)
                replies.append(reply)
        return replies

    def scan(self, cursor: Any) -> tuple[Any, list[bytes]]:
        """Return some keys in their order."""
        after = cursor if type(cursor) is bytes else None
        if not self._is_there:
            return None, []
        with self._entries(writes=False) as entries:
            rows = self._open().execute(
                "SELECT key FROM entries WHERE (?1 IS NULL OR key > ?1)"
                " AND (expires IS NULL OR expires > ?2) ORDER BY key LIMIT ?3",
                (after, entries.now(), _KEYS_PER_SCAN),
            )
            found = [row[0] for row in rows]
        return found[-1] if len(found) == _KEYS_PER_SCAN else None, found

    def used(self) -> tuple[int, int]:
        """Return how many keys there are, and the bytes that they are counted as."""
        if not self._is_there:
            return 0, 0
        with self._entries(writes=True) as entries:
            entries.clear_expired(-1)
            return entries.used()

    def purge(self) -> None:
        """Remove the file."""
        self.close()
        for suffix in _SIDE_FILES:
            Path(f"{path_of(self._plugin)}{suffix}").unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    @property
    def _is_there(self) -> bool:
        """Whether there is a file; looking at a plugin that never used its cache makes none."""
        return self._connection is not None or path_of(self._plugin).exists()

    def _in_savepoint(self, entries: Entries, call: Call, left: int) -> Any:
        connection = self._open()
        connection.execute("SAVEPOINT command")
        try:
            if left < 0:
                raise refusals.too_much_at_once(ANSWER_BYTES)
            return _carried_out(entries, call)
        except Refusal as refusal:
            connection.execute("ROLLBACK TO command")
            return refusal
        finally:
            connection.execute("RELEASE command")

    @contextmanager
    def _entries(self, *, writes: bool) -> Iterator[Entries]:
        """The plugin's keys in a transaction, which a refusal undoes."""
        try:
            connection = self._open()
            connection.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
            try:
                yield Entries(connection)
            except BaseException:
                connection.rollback()
                raise
            connection.commit()
        except sqlite3.OperationalError as error:
            logger.warning("a plugin's cache: %s", error, extra={"plugin": self._plugin})
            raise refusals.away() from error
        except sqlite3.DatabaseError as error:
            # It holds nothing that must be kept, so it is better empty than in the way.
            logger.exception("a plugin's cache was damaged and is begun anew")
            self.purge()
            raise refusals.away() from error

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            path = path_of(self._plugin)
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            connection = sqlite3.connect(
                path, timeout=_PATIENCE_SECONDS, isolation_level=None, check_same_thread=False
            )
            # After a power cut the last writes may be missing, as in a Redis.
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(SCHEMA)
            self._connection = connection
        return self._connection


def _carried_out(entries: Entries, call: Call) -> Any:
    command = _COMMANDS[call.command.name]
    if not call.command.writes:
        return command(entries, *call.arguments)
    entries.clear_expired()
    before = entries.used()
    reply = command(entries, *call.arguments)
    _check_room(entries, before)
    return reply


def _check_room(entries: Entries, before: tuple[int, int]) -> None:
    """Raise `Refusal` for what took more room and is over the limit."""
    most = room()
    if _is_over(entries.used(), before, most.keys, most.bytes) is None:
        return
    entries.clear_expired(-1)
    if refusal := _is_over(entries.used(), before, most.keys, most.bytes):
        raise refusal


def _is_over(
    used: tuple[int, int], before: tuple[int, int], most_keys: int, most_bytes: int
) -> Refusal | None:
    if used[0] > most_keys and used[0] > before[0]:
        return refusals.too_many_keys(most_keys)
    if used[1] > most_bytes and used[1] > before[1]:
        return refusals.too_many_bytes(most_bytes)
    return None


def _size_of(reply: Any) -> int:
    if isinstance(reply, bytes):
        return len(reply)
    return sum(_size_of(each) + 8 for each in reply) if isinstance(reply, list) else 8
