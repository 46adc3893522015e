"""The cursor: runs statements and hands out rows."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, Protocol

from .exceptions import InterfaceError, ProgrammingError
from .values import Row, rows_of

#: Name, type and five facts that no database here tells.
Description = tuple[str, str | None, None, None, None, None, None]


class Connection(Protocol):
    """What a cursor asks of its connection."""

    def run(self, cursor: Cursor, sql: str, parameters: Any) -> dict[str, Any]:
        """Run one statement; return the host's answer."""

    def run_many(self, cursor: Cursor, sql: str, sets: Iterable[Any]) -> int:
        """Run one statement for each set; return the changed rows or -1."""

    def fetch(self) -> dict[str, Any]:
        """Return the next rows of the unfinished result."""

    def forget(self, cursor: Cursor) -> None:
        """Take note that the cursor's result is not wanted any more."""


class Cursor:
    """Runs statements and hands out their rows, after PEP 249. Iterating gives the rows."""

    def __init__(self, connection: Connection) -> None:
        #: The connection it belongs to.
        self.connection = connection
        #: How many rows `fetchmany` returns by itself.
        self.arraysize = 1
        #: Changed or found rows; -1 where that is not known (yet).
        self.rowcount = -1
        #: The row id of the last INSERT on SQLite; None on PostgreSQL: use `RETURNING`.
        self.lastrowid: int | None = None
        #: One tuple for each column of the result: name and type, and five times None.
        self.description: list[Description] | None = None
        self._types: list[str] = []
        self._rows: deque[Row] = deque()
        self._has_more = False
        self._is_lost = False
        self._is_closed = False

    def execute(self, sql: str, parameters: Any = None) -> Cursor:
        """Run one statement; returns the cursor.

        `%s` stands for a value of a sequence, `%(name)s` for one of a mapping, `%%` for a
        percent sign. Without parameters a `%` is just that.
        """
        self._reset()
        self._take_in(self.connection.run(self, sql, parameters))
        return self

    def executemany(self, sql: str, parameter_sets: Iterable[Any]) -> Cursor:
        """Run one statement once for each set of parameters; returns the cursor."""
        self._reset()
        self.rowcount = self.connection.run_many(self, sql, parameter_sets)
        return self

    def fetchone(self) -> Row | None:
        """Return the next row, or None when there are no more."""
        self._require_result()
        if not self._rows and self._has_more:
            self._fetch()
        return self._rows.popleft() if self._rows else None

    def fetchmany(self, size: int | None = None) -> list[Row]:
        """Return so many rows (`arraysize` by itself), fewer at the end."""
        wanted = self.arraysize if size is None else size
        self._require_result()
        while len(self._rows) < wanted and self._has_more:
            self._fetch()
        return [self._rows.popleft() for _ in range(min(wanted, len(self._rows)))]

    def fetchall(self) -> list[Row]:
        """Return all rows that are left."""
        self._require_result()
        self.take_all()
        rows, self._rows = list(self._rows), deque()
        return rows

    def close(self) -> None:
        """Give up the result; the cursor cannot be used any more."""
        self._reset()
        self._is_closed = True

    def setinputsizes(self, sizes: Any) -> None:
        """Do nothing, as PEP 249 allows."""

    def setoutputsize(self, size: Any, column: Any = None) -> None:
        """Do nothing, as PEP 249 allows."""

    def __iter__(self) -> Iterator[Row]:
        return self

    def __next__(self) -> Row:
        row = self.fetchone()
        if row is None:
            raise StopIteration
        return row

    def __enter__(self) -> Cursor:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # --- For the connection ---------------------------------------------------------------

    def take_all(self) -> None:
        """Take in every row that is still at the host."""
        while self._has_more:
            self._fetch()

    def lose_rest(self) -> None:
        """The transaction is undone, and with it the rows that are still at the host."""
        self._is_lost, self._has_more = self._has_more, False

    def _take_in(self, answer: dict[str, Any]) -> None:
        self.rowcount = answer["rowcount"]
        self.lastrowid = answer["lastrowid"]
        columns = answer.get("columns")
        if columns is None:
            return
        self._types = [kind for _, kind in columns]
        self.description = [(name, kind or None, *(None,) * 5) for name, kind in columns]
        self._rows = deque(rows_of(answer["rows"], self._types))
        self._has_more = answer["more"]

    def _fetch(self) -> None:
        self._has_more = False  # should it fail, there is nothing to try again
        answer = self.connection.fetch()
        self._rows.extend(rows_of(answer["rows"], self._types))
        self._has_more = answer["more"]

    def _reset(self) -> None:
        if self._is_closed:
            raise InterfaceError("the cursor is closed; get a new one")
        self.connection.forget(self)
        self.rowcount, self.lastrowid, self.description = -1, None, None
        self._rows, self._types = deque(), []
        self._has_more = self._is_lost = False

    def _require_result(self) -> None:
        if self._is_closed:
            raise InterfaceError("the cursor is closed; get a new one")
        if self._is_lost and not self._rows:
            raise ProgrammingError("the rest of the result went with the rollback")
        if self.description is None:
            raise ProgrammingError("there is no result: execute a statement that returns rows")
