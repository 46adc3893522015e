"""One plugin's connection to its SQLite file."""

from __future__ import annotations

import datetime
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from plexichat.chat.data_views import VIEWS
from plexichat_plugin_sdk._answers.sql.faults import refusal_of
from plexichat_plugin_sdk._answers.sql.shapes import Shapes
from plexichat_plugin_sdk._answers.sql.statements import SCHEMA_VERBS, Statement
from plexichat_plugin_sdk._answers.sql.values import moment, stored
from plugin_runtime.gateway.database import limits
from plugin_runtime.gateway.database.store import Column, DatabaseRefusal, Result

from .connecting import INSTRUCTIONS_BETWEEN, empty_log, wide_limit
from .walls import Walls, told

#: What the driver raises for a statement that cannot be run, or values that cannot be bound.
_FAULTS: tuple[type[Exception], ...] = (sqlite3.Error, sqlite3.Warning, OverflowError, UnicodeError)

Opener = Callable[[frozenset[str]], tuple[sqlite3.Connection, Walls]]


def views_for(grants: frozenset[str]) -> frozenset[str]:
    """Return the views that these grants open."""
    return frozenset(name for name, view in VIEWS.items() if view.capability in grants)


class SQLiteSession:
    """A session; see `store.Session`."""

    def __init__(self, opened: Opener, grants: frozenset[str], *, shapes: Shapes) -> None:
        self._opened = opened
        self._shapes = shapes
        self._grants = grants
        self._cursor: sqlite3.Cursor | None = None
        self._until = 0.0
        self._has_written = self._has_failed = False
        #: Whether the shapes are those of the tables as this transaction sees them.
        self._is_settled = False
        self._now = ""
        #: The longest value that the connection allows, and the columns of the widest table.
        self._allowed = 0
        self._widest: int | None = None
        #: The file, and what it is to the system: to notice when it was removed.
        self.file = ""
        self.inode = 0
        #: Takes the session when its user closes it; None while nobody uses it.
        self.give_back: Callable[[SQLiteSession], None] | None = None
        self._connect()

    @property
    def is_in_transaction(self) -> bool:
        """Whether something would be rolled back now."""
        return self._connection.in_transaction

    def use_grants(self, grants: frozenset[str]) -> None:
        """Take away at once what was withdrawn; what is new comes with the next transaction."""
        if grants is self._grants:
            return
        views = views_for(grants)
        if views == frozenset(self._walls.inner):
            self._show(views)
            self._grants = grants
        elif not self.is_in_transaction:
            self.end()
            self._grants = grants
            self._connect()
        else:
            self._show(views & frozenset(self._walls.inner))

    def execute(self, statement: Statement, values: Sequence[Any], *, seconds: float) -> Result:
        """Run one statement; see `store.Session`."""
        self._start(seconds)
        try:
            self._prepare_for(statement)
            self._cursor = cursor = self._connection.cursor()
            cursor.execute(statement.text, stored(values))
        except _FAULTS as error:
            raise self._refusal(error) from error
        self._has_failed = False
        columns = self._columns(statement, cursor)
        return Result(
            columns=columns,
            rowcount=cursor.rowcount,
            rows=self._rows(cursor) if columns is not None else iter(()),
            lastrowid=cursor.lastrowid if statement.keyword in ("INSERT", "REPLACE") else None,
        )

    def execute_many(
        self, statement: Statement, sets: Sequence[Sequence[Any]], *, seconds: float
    ) -> int:
        """Run one statement for each set of values; see `store.Session`."""
        self._start(seconds)
        try:
            self._prepare_for(statement)
            cursor = self._connection.executemany(statement.text, [stored(each) for each in sets])
        except _FAULTS as error:
            raise self._refusal(error) from error
        self._has_failed = False
        return cursor.rowcount

    def resume(self, *, seconds: float) -> None:
        """Allow more time for taking rows."""
        self._until = time.monotonic() + seconds

    def commit(self) -> None:
        """Make the transaction last."""
        self._drop_result()
        if self._has_failed:
            self.rollback()
            raise DatabaseRefusal(
                "OperationalError",
                "nothing was committed: a statement of the transaction had failed, and it was "
                "rolled back",
            )
        if self._connection.in_transaction:
            self.run_ours("COMMIT")

    def rollback(self) -> None:
        """Undo the transaction."""
        self._drop_result()
        self._has_failed = False
        if self._connection.in_transaction:
            self.run_ours("ROLLBACK")

    def close(self) -> None:
        """Roll back and give the connection back to the store."""
        give_back, self.give_back = self.give_back, None
        if give_back is not None:
            self.rollback()
            give_back(self)

    def end(self) -> None:
        """Close the connection itself."""
        self._drop_result()
        self._connection.close()

    def run_ours(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a statement of the host's own, with `?` for values, the walls down."""
        self._start(limits.current().statement_seconds)
        try:
            with self._walls.lowered():
                return self._connection.execute(sql, values).fetchall()
        except _FAULTS as error:
            raise self._refusal(error) from error

    def begin(self) -> None:
        """Begin a transaction that writes."""
        self._begin("IMMEDIATE")

    def _connect(self) -> None:
        self._allowed = 0
        self._connection, self._walls = self._opened(views_for(self._grants))
        self._connection.set_progress_handler(self._is_too_late, INSTRUCTIONS_BETWEEN)
        self._connection.create_function("NOW", 0, lambda: self._now)

    def _show(self, views: frozenset[str]) -> None:
        if views != self._walls.shown:
            self._drop_result()
            self._walls.shown = views
            # Also makes SQLite prepare anew what it had prepared while more was allowed.
            self._connection.set_authorizer(self._walls.ask)

    def _prepare_for(self, statement: Statement) -> None:
        if self._has_failed and statement.keyword != "ROLLBACK":
            raise DatabaseRefusal(
                "InternalError",
                "a statement of the transaction has failed; roll back before anything else",
            )
        verb = statement.keyword if statement.keyword in SCHEMA_VERBS else ""
        self._walls.begin(verb)
        self._is_settled = self._is_settled and not verb
        self._widest = None if verb else self._widest
        writes = statement.is_write or statement.keyword == "SAVEPOINT"
        if not self._connection.in_transaction:
            self._begin("IMMEDIATE" if writes else "DEFERRED")
        elif writes and not self._has_written:
            # What was read stays valid as it does on PostgreSQL (read committed); to write on
            # the old view of the file SQLite would refuse whenever somebody else had written.
            with self._walls.lowered():
                self._connection.execute("COMMIT")
            self._begin("IMMEDIATE")
        self._has_written = self._has_written or writes
        self._limit_values(statement)
        # As on PostgreSQL, so that what works on one database works on the other.
        self._has_failed = True

    def _limit_values(self, statement: Statement) -> None:
        """Let the values of a wide result be shorter, so that one row never fills our memory."""
        text = statement.returning if statement.is_write else statement.text
        columns = text.count(",") + 1
        if stars := text.count("*"):
            # No star shows more than all tables that the text can name, or make of what it names.
            columns += stars * (self._most_columns() + columns) * (columns + _joins(text))
        allowed = wide_limit(columns)
        if allowed != self._allowed:
            self._connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, allowed)
            self._allowed = allowed

    def _most_columns(self) -> int:
        if self._widest is None:
            with self._walls.lowered():
                found = self._connection.execute("SELECT max(ncol) FROM pragma_table_list")
                self._widest = int(found.fetchone()[0])
        return self._widest

    def _begin(self, how: str) -> None:
        self._now = moment(datetime.datetime.now(datetime.UTC))
        with self._walls.lowered():
            is_writing = how == "IMMEDIATE" and self.file
            if is_writing and not empty_log(Path(self.file), self._connection):
                raise DatabaseRefusal(
                    "OperationalError",
                    "much was written while other transactions of this plugin read; end those, "
                    "then try again",
                )
            self._connection.execute(f"BEGIN {how}")
        self._widest = None
        self._has_written = how == "IMMEDIATE"
        self._is_settled = False

    def _columns(self, statement: Statement, cursor: sqlite3.Cursor) -> tuple[Column, ...] | None:
        if cursor.description is None:
            return None
        with self._walls.lowered():
            if not self._is_settled:
                self._shapes.settle(self._connection)
                self._is_settled = True
            known = self._shapes.known(statement)
            if known is not None:
                return known
            names = [told(column[0], self._walls) for column in cursor.description]
            return self._shapes.find(statement, names, self._connection, self._walls.clock)

    def _rows(self, cursor: sqlite3.Cursor) -> Iterator[tuple[Any, ...]]:
        try:
            # From the cursor itself it would be closed with us, perhaps after its connection.
            yield from iter(cursor.fetchone, None)
        except _FAULTS as error:
            raise self._refusal(error) from error

    def _start(self, seconds: float) -> None:
        self._drop_result()
        self._until = time.monotonic() + seconds

    def _refusal(self, error: Exception) -> DatabaseRefusal:
        if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_INTERRUPT:
            return DatabaseRefusal(
                "OperationalError", "the statement ran for too long and was stopped"
            )
        most = limits.current().database_bytes
        refusal = refusal_of(error, refused=self._walls.refused, bytes_allowed=most)
        return DatabaseRefusal(
            refusal.kind,
            told(str(refusal), self._walls),
            missing=refusal.missing or self._walls.missing,
        )

    def _drop_result(self) -> None:
        cursor, self._cursor = self._cursor, None
        if cursor is not None:
            cursor.close()

    def _is_too_late(self) -> bool:
        return time.monotonic() > self._until


def _joins(text: str) -> int:
    return text.upper().count("JOIN")
