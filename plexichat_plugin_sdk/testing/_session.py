"""One connection of a plugin to its database in a test; transactions as the server keeps them."""

from __future__ import annotations

import datetime
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from plexichat_plugin_sdk._answers.sql.faults import refusal_of
from plexichat_plugin_sdk._answers.sql.results import Column, DatabaseRefusal
from plexichat_plugin_sdk._answers.sql.shapes import Shapes
from plexichat_plugin_sdk._answers.sql.statements import OWN_PREFIX, SCHEMA_VERBS, Statement
from plexichat_plugin_sdk._answers.sql.values import moment, stored

_FAULTS = (sqlite3.Error, sqlite3.Warning, OverflowError, UnicodeError)
_CLOCK = f"{OWN_PREFIX}clock"


class Gate(Protocol):
    """What SQLite asks, see `_database.Gate`."""

    refused: str

    def begin(self, verb: str) -> None:
        """Expect a statement of the plugin's."""

    def __enter__(self) -> None: ...

    def __exit__(self, *error: object) -> None: ...

    def ask(
        self, action: int, first: str | None, second: str | None, schema: str | None, by: str | None
    ) -> int:
        """Answer SQLite."""


@dataclass
class Result:
    """What a statement brought."""

    columns: tuple[Column, ...] | None
    rowcount: int
    lastrowid: int | None
    rows: list[list[Any]]


class Session:
    """Runs a plugin's statements; raises `DatabaseRefusal`."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        gate: Gate,
        shapes: Shapes,
        prepare: Callable[[Session], datetime.datetime],
    ) -> None:
        self.connection = connection
        #: The chat's views that it has now.
        self.views: set[str] = set()
        self._gate = gate
        self._shapes = shapes
        self._prepare = prepare
        self._has_failed = self._has_written = False
        self._now = ""
        connection.create_function("NOW", 0, lambda: self._now)
        connection.set_authorizer(gate.ask)

    def execute(self, statement: Statement, values: Sequence[Any]) -> Result:
        """Run one statement and take in all its rows."""
        try:
            self._prepare_for(statement)
            cursor = self.connection.execute(statement.text, stored(values))
            rows = [list(row) for row in cursor.fetchall()] if cursor.description else []
        except _FAULTS as error:
            raise self._refusal(error) from error
        self._has_failed = False
        columns = self._columns(statement, cursor)
        is_insert = statement.keyword in ("INSERT", "REPLACE")
        return Result(
            columns=columns,
            rowcount=cursor.rowcount if columns is None else len(rows),
            lastrowid=cursor.lastrowid if is_insert else None,
            rows=rows,
        )

    def execute_many(self, statement: Statement, sets: Sequence[Sequence[Any]]) -> int:
        """Run one statement for each set of values; return how many rows changed."""
        try:
            self._prepare_for(statement)
            cursor = self.connection.executemany(statement.text, [stored(each) for each in sets])
        except _FAULTS as error:
            raise self._refusal(error) from error
        self._has_failed = False
        return cursor.rowcount

    def commit(self) -> None:
        """Make the transaction last."""
        if self._has_failed:
            self.rollback()
            raise DatabaseRefusal(
                "OperationalError",
                "nothing was committed: a statement of the transaction had failed, and it was "
                "rolled back",
            )
        self._end("COMMIT")

    def rollback(self) -> None:
        """Undo the transaction."""
        self._has_failed = False
        self._end("ROLLBACK")

    def close(self) -> None:
        """Undo what is open and close the connection; harmless twice."""
        try:
            self.rollback()
        except sqlite3.ProgrammingError:  # closed already
            return
        self.connection.close()

    def _end(self, how: str) -> None:
        if self.connection.in_transaction:
            with self._gate:
                self.connection.execute(how)

    def _prepare_for(self, statement: Statement) -> None:
        if self._has_failed and statement.keyword != "ROLLBACK":
            raise DatabaseRefusal(
                "InternalError",
                "a statement of the transaction has failed; roll back before anything else",
            )
        with self._gate:
            now = self._prepare(self)
            self._begin(now, writes=statement.is_write or statement.keyword == "SAVEPOINT")
        self._gate.begin(statement.keyword if statement.keyword in SCHEMA_VERBS else "")
        self._has_failed = True

    def _begin(self, now: datetime.datetime, *, writes: bool) -> None:
        if not self.connection.in_transaction:
            self._now = moment(now)
            self.connection.execute(f"BEGIN {'IMMEDIATE' if writes else 'DEFERRED'}")
            self._has_written = writes
        elif writes and not self._has_written:
            # Whoever only read so far may write, also when somebody else has written meanwhile.
            self.connection.execute("COMMIT")
            self.connection.execute("BEGIN IMMEDIATE")
            self._has_written = True

    def _columns(self, statement: Statement, cursor: sqlite3.Cursor) -> tuple[Column, ...] | None:
        if cursor.description is None:
            return None
        with self._gate:
            self._shapes.settle(self.connection)
            names = [column[0] for column in cursor.description]
            known = self._shapes.known(statement)
            return known or self._shapes.find(statement, names, self.connection, _CLOCK)

    def _refusal(self, error: Exception) -> DatabaseRefusal:
        return refusal_of(error, refused=self._gate.refused)
