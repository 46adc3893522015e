"""What the gateway needs of a database to give each plugin one of its own.

Two kinds exist, `sqlite` and `postgresql`; everything else in this package knows only these
protocols. The walls stand in the database itself (an authorizer there, a role here): a store
must be safe against a hostile statement even without `statements`, which is the second wall.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from plexichat_plugin_sdk._answers.sql.results import Column, DatabaseRefusal, Kind
from plexichat_plugin_sdk._answers.sql.statements import Dialect, Statement

__all__ = [
    "Column",
    "DatabaseRefusal",
    "Kind",
    "MigrationSession",
    "Result",
    "Session",
    "Store",
]


@dataclass
class Result:
    """What a statement brought."""

    #: None when the statement returns no rows at all.
    columns: tuple[Column, ...] | None
    #: Changed rows; -1 where it is not known (a SELECT whose rows still come).
    rowcount: int
    #: The rows, read from the database as they are taken, so that a result never lies in memory
    #: as a whole. Raises `DatabaseRefusal`. Values are what MessagePack carries: None, bool, int,
    #: float, str, bytes and aware datetimes; a `timestamp`, `date`, `time`, `decimal` or `uuid`
    #: may also be its ISO text, which the SDK reads by the column's type. JSON is text. A number
    #: of unlimited precision that no table declares (`SUM`, `AVG`) is an int when it is whole,
    #: else a float, as SQLite has it.
    rows: Iterator[tuple[Any, ...]]
    #: SQLite's row id of an INSERT.
    lastrowid: int | None = None


class Session(Protocol):
    """One plugin's connection, used by one thread at a time, though not always the same.

    A transaction begins with the first statement. Every method raises `DatabaseRefusal`.
    """

    @property
    def is_in_transaction(self) -> bool:
        """Whether something would be rolled back now."""

    def use_grants(self, grants: frozenset[str]) -> None:
        """Show the core views that these grants open, and no others; cheap when nothing changed.

        Called before each statement, also within a transaction.
        """

    def execute(self, statement: Statement, values: Sequence[Any], *, seconds: float) -> Result:
        """Run one statement within so many seconds; the rows of the one before are gone."""

    def execute_many(
        self, statement: Statement, sets: Sequence[Sequence[Any]], *, seconds: float
    ) -> int:
        """Run a statement once for each set of values; return how many rows changed, or -1."""

    def resume(self, *, seconds: float) -> None:
        """Allow so many more seconds for taking rows from the last result."""

    def commit(self) -> None:
        """Make the transaction last; does nothing without one."""

    def rollback(self) -> None:
        """Undo the transaction, close the last result; does nothing without them."""

    def close(self) -> None:
        """Roll back and give the connection back to the store; harmless when done before."""


class MigrationSession(Session, Protocol):
    """A session that alone may change the plugin's schema, and may keep the record of it.

    While it is open no other node opens one for the same plugin.
    """

    def keep_record(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one of our own statements on `_plexichat_migrations`, `%s` for values.

        In the same transaction. The plugin's own statements cannot name a table with this prefix.
        """


class Store(Protocol):
    """All plugins' databases on one kind of server."""

    @property
    def dialect(self) -> Dialect:
        """What its SQL looks like."""

    def open(self, plugin: str, grants: frozenset[str]) -> Session:
        """Return a session of the plugin's own, its database made when it has none yet."""

    def open_for_migration(self, plugin: str, grants: frozenset[str]) -> MigrationSession:
        """Return the one session that may migrate now; waits for another, bounded."""

    def exists(self, plugin: str) -> bool:
        """Whether the plugin has a database; makes none."""

    def release(self, plugin: str) -> None:
        """Close the idle connections that this process keeps for a plugin."""

    def close(self) -> None:
        """Close all idle connections, and those in use as they come back: the gateway ends."""

    def summary(self, plugin: str) -> dict[str, int]:
        """Return what the plugin owns: `tables`, `rows`, `bytes`; all 0 without a database."""

    def count_texts(self, plugin: str, prefix: str) -> int:
        """Return how many texts of the plugin's tables begin like this."""

    def export(self, plugin: str, archive: zipfile.ZipFile) -> None:
        """Write the plugin's tables into an archive, below `database/`."""

    def purge(self, plugin: str) -> None:
        """Remove the plugin's database and all its rights; harmless when there is none."""
