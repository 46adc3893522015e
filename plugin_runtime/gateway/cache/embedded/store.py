"""The file of one plugin's cache, opened by one line."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from plexichat_plugin_sdk._answers.cache import refusals
from plexichat_plugin_sdk._answers.cache.calls import Call
from plexichat_plugin_sdk._answers.cache.doings import DOINGS, size_of_reply
from plexichat_plugin_sdk._answers.cache.room import ANSWER_BYTES, over_the_limit
from plexichat_plugin_sdk._answers.refusal import Refusal
from plugin_runtime.conf import conf
from plugin_runtime.gateway.cache.room import room

from .entries import SCHEMA, Entries

logger = logging.getLogger(__name__)

#: How long a command waits for another process that writes.
_PATIENCE_SECONDS = 1.5
_KEYS_PER_SCAN = 500
_SIDE_FILES = ("", "-wal", "-shm")


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
                left -= size_of_reply(reply)
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
    command = DOINGS[call.command.name]
    if not call.command.writes:
        return command(entries, *call.arguments)
    entries.clear_expired()
    before = entries.used()
    reply = command(entries, *call.arguments)
    _check_room(entries, before)
    return reply


def _check_room(entries: Entries, before: tuple[int, int]) -> None:
    """Raise `Refusal` for what took more room and is over the limit."""
    if over_the_limit(entries.used(), before, room()) is None:
        return
    entries.clear_expired(-1)
    if refusal := over_the_limit(entries.used(), before, room()):
        raise refusal
