"""The connection: one transaction after the other on a line of its own."""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Literal

from plexichat_plugin_sdk import _belongings, _host
from plexichat_plugin_sdk._host import Line
from plexichat_plugin_sdk.exceptions import PluginError

from .cursor import Cursor
from .exceptions import DataError, InterfaceError, ProgrammingError, raise_as_error
from .parameters import sent, size_of_text

#: A question may have 256 KiB; the rest is for what stands around the values.
QUESTION_BYTES = 250 * 1024


class Connection:
    """A connection to the plugin's own tables, after PEP 249.

    A transaction begins with the first statement and ends with `commit`, `rollback` or `close`,
    which rolls back. As a context manager it commits when the block succeeds, rolls back when it
    raises, and closes either way. Not for several threads at once.
    """

    def __init__(self) -> None:
        self._line: Line | None = None
        self._is_closed = False
        self._is_in_transaction = False
        #: The cursor whose result has more rows at the host.
        self._unfinished: weakref.ref[Cursor] | None = None

    def cursor(self) -> Cursor:
        """Return a new cursor on this connection."""
        self._require_open()
        return Cursor(self)

    def execute(self, sql: str, parameters: Any = None) -> Cursor:
        """Run one statement on a new cursor and return the cursor."""
        return self.cursor().execute(sql, parameters)

    def commit(self) -> None:
        """Make everything since the last commit or rollback last."""
        self._require_open()
        if self._is_in_transaction:
            self._finish_result()
            self._is_in_transaction = False
            self.ask("db.commit", {})

    def rollback(self) -> None:
        """Undo everything since the last commit or rollback."""
        self._require_open()
        self._undo()

    def close(self) -> None:
        """Roll back what was not committed and give the connection up; harmless twice."""
        if self._is_closed:
            return
        self._is_closed = True
        try:
            self._undo()
        finally:
            line, self._line = self._line, None
            if line is not None:
                line.give_back()

    def __enter__(self) -> Connection:
        self._require_open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> Literal[False]:
        if self._is_closed:
            return False
        try:
            if kind is None:
                self.commit()
        finally:
            self._close_after(error)
        return False

    def __del__(self) -> None:
        line = getattr(self, "_line", None)
        if line is not None:
            line.drop()  # the host rolls back; a question could not be asked safely from here

    # --- For cursors ----------------------------------------------------------------------

    def run(self, cursor: Cursor, sql: str, parameters: Any) -> dict[str, Any]:
        """Run one statement for a cursor; return the host's answer."""
        question = _question(sql, parameters)
        self._begin(cursor)
        answer: dict[str, Any] = self.ask("db.execute", question)
        if answer.get("more"):
            self._unfinished = weakref.ref(cursor)
        return answer

    def run_many(self, cursor: Cursor, sql: str, sets: Iterable[Any]) -> int:
        """Run one statement for each set of parameters; return the changed rows or -1."""
        changed = 0
        for batch in _batches(sql, sets):
            self._begin(cursor)
            count = self.ask("db.executemany", {"sql": sql, "sets": batch})
            changed = -1 if count < 0 or changed < 0 else changed + count
        return changed

    def fetch(self) -> dict[str, Any]:
        """Return the next rows of the unfinished result."""
        answer: dict[str, Any] = self.ask("db.fetch", {})
        if not answer["more"]:
            self._unfinished = None
        return answer

    def forget(self, cursor: Cursor) -> None:
        """The cursor's result is not wanted any more."""
        if self._unfinished is not None and self._unfinished() is cursor:
            self._unfinished = None

    def ask(self, what: str, arguments: dict[str, Any]) -> Any:
        """Ask the host on this connection's line; raises the exceptions of PEP 249."""
        try:
            return self._own_line(what).ask(what, arguments)
        except PluginError as refused:
            if self._line is not None and not self._line.is_open:
                self._line, self._is_closed, self._is_in_transaction = None, True, False
            raise_as_error(refused)

    def _begin(self, cursor: Cursor) -> None:
        self._require_open()
        self._finish_result(for_cursor=cursor)
        self._is_in_transaction = True

    def _finish_result(self, for_cursor: Cursor | None = None) -> None:
        """Take in what another cursor has not read yet: the host keeps one result at a time."""
        reading = self._unfinished() if self._unfinished is not None else None
        if reading is not None and reading is not for_cursor:
            reading.take_all()
        self._unfinished = None

    def _undo(self) -> None:
        reading = self._unfinished() if self._unfinished is not None else None
        if reading is not None:
            reading.lose_rest()
        self._unfinished = None
        if self._is_in_transaction:
            self._is_in_transaction = False
            self.ask("db.rollback", {})

    def _own_line(self, what: str) -> Line:
        if self._line is None:
            self._line = _host.required(what).borrow()
            _belongings.at_end_of_call(_closing(self))
        return self._line

    def _require_open(self) -> None:
        if self._is_closed:
            raise InterfaceError("the connection is closed; get a new one")

    def _close_after(self, error: BaseException | None) -> None:
        if error is None:
            self.close()
            return
        with contextlib.suppress(PluginError):  # the block's own exception is what matters
            self.close()


def _closing(connection: Connection) -> Callable[[], None]:
    """Return what closes a connection that is still there at the end of the call."""
    reference = weakref.ref(connection)

    def close() -> None:
        still_there = reference()
        if still_there is not None:
            still_there.close()

    return close


def _question(sql: Any, parameters: Any) -> dict[str, Any]:
    room = _room_beside(sql)
    if parameters is None:
        return {"sql": sql, "parameters": None}
    values, size = sent(parameters)
    if size > room:
        raise _too_large()
    return {"sql": sql, "parameters": values}


def _batches(sql: Any, sets: Iterable[Any]) -> Iterable[list[Any]]:
    """Yield the sets in lists that fit into a question."""
    room = _room_beside(sql)
    batch: list[Any] = []
    left = room
    for each in sets:
        values, size = sent(each)
        if size > room:
            raise _too_large()
        if batch and size > left:
            yield batch
            batch, left = [], room
        batch.append(values)
        left -= size
    if batch:
        yield batch


def _room_beside(sql: Any) -> int:
    if not isinstance(sql, str):
        raise ProgrammingError(f"a statement is a string, not a {type(sql).__name__}")
    size = size_of_text(sql)
    if size > QUESTION_BYTES:
        raise _too_large()
    return QUESTION_BYTES - size


def _too_large() -> DataError:
    return DataError(
        f"a statement and its parameters may have {QUESTION_BYTES // 1024} KiB together"
    )
