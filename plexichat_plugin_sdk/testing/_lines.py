"""Lines of a test's host: what `get_db_connection()` borrows, with its transaction."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from plexichat_plugin_sdk import exceptions
from plexichat_plugin_sdk._answers.refusal import Refusal, text
from plexichat_plugin_sdk._answers.sql.parameters import parameters
from plexichat_plugin_sdk._answers.sql.results import DatabaseRefusal
from plexichat_plugin_sdk._answers.sql.statements import StatementRefused
from plexichat_plugin_sdk._wire import codes

from ._core import VIEWS
from ._database import Database, checked
from ._session import Result, Session

#: As in a sandbox.
MOST_BORROWED = 4
CHUNK_ROWS = 4_000
RESULT_ROWS = 100_000
#: How long a line is waited for; shorter than in a sandbox, since here waiting helps only threads.
PATIENCE_SECONDS = 2.0

Ask = Callable[[str, Mapping[str, Any], "Line"], Any]
#: Raises the refusal for a missing capability.
Refuse = Callable[[str], Refusal]


class Lines:
    """As many lines as a sandbox may borrow."""

    def __init__(self, database: Database, ask: Ask) -> None:
        self.database = database
        self.ask = ask
        self._free = threading.BoundedSemaphore(MOST_BORROWED)

    def borrow(self) -> Line:
        """Return a line; raise `LimitReached` when all are in use."""
        if not self._free.acquire(timeout=PATIENCE_SECONDS):
            raise exceptions.LimitReached(
                f"all {MOST_BORROWED} lines that may be borrowed are in use; give one back first, "
                "or keep them for a shorter time"
            )
        return Line(self)

    def release(self) -> None:
        """Take a line back."""
        self._free.release()


class Line:
    """One line, and the transaction that the host keeps for it."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._session: Session | None = None
        self._rest: list[list[Any]] = []
        #: Whether it still leads to the host.
        self.is_open = True

    def ask(self, what: str, arguments: dict[str, Any]) -> Any:
        """Return the answer to a question, or raise the fitting `PluginError`."""
        if not self.is_open:
            raise exceptions.HostError(f"the host went away while it answered {what!r}")
        return self._lines.ask(what, arguments, self)

    def give_back(self) -> None:
        """Return it; what the host keeps for it was ended before."""
        self.drop()

    def drop(self) -> None:
        """Close it; the transaction is undone."""
        if self.is_open:
            self.is_open = False
            self._end()
            self._lines.release()

    # --- What the host does for the line ------------------------------------------------------

    def execute(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Run one statement; answer its first rows."""
        given = parameters(arguments.get("parameters"))
        statement = checked(text(arguments, "sql"), has_parameters=given is not None)
        self._rest = []
        result = self._own_session().execute(statement, statement.values(given))
        return self._first(result)

    def execute_many(self, arguments: Mapping[str, Any]) -> int:
        """Run one statement for each set of parameters."""
        sets = arguments.get("sets")
        if not isinstance(sets, list) or not sets:
            raise Refusal(codes.INVALID, "'sets' must be a list of parameters")
        statement = checked(text(arguments, "sql"), has_parameters=True)
        values = [statement.values(parameters(each)) for each in sets]
        self._rest = []
        return self._own_session().execute_many(statement, values)

    def fetch(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Answer the next rows."""
        if self._session is None:
            raise DatabaseRefusal("ProgrammingError", "there is no result to fetch from")
        return self._piece()

    def commit(self, arguments: Mapping[str, Any]) -> None:
        """Make the transaction last; the line holds nothing any more."""
        if self._session is not None:
            try:
                self._session.commit()
            finally:
                self._end()

    def rollback(self, arguments: Mapping[str, Any]) -> None:
        """Undo the transaction; the line holds nothing any more."""
        self._end()

    def _first(self, result: Result) -> dict[str, Any]:
        answer: dict[str, Any] = {"rowcount": result.rowcount, "lastrowid": result.lastrowid}
        if result.columns is None:
            return answer
        if len(result.rows) > RESULT_ROWS:
            raise DatabaseRefusal(
                "OperationalError",
                f"the result has more than {RESULT_ROWS} rows; narrow it down, or use LIMIT",
            )
        self._rest = result.rows
        answer |= {"columns": [list(column) for column in result.columns], **self._piece()}
        if answer["more"]:
            answer["rowcount"] = -1
        return answer

    def _piece(self) -> dict[str, Any]:
        rows, self._rest = self._rest[:CHUNK_ROWS], self._rest[CHUNK_ROWS:]
        return {"rows": rows, "more": bool(self._rest)}

    def _own_session(self) -> Session:
        if self._session is None:
            self._session = self._lines.database.session()
        return self._session

    def _end(self) -> None:
        session, self._session, self._rest = self._session, None, []
        if session is not None:
            session.close()


#: What a line is asked about the database.
QUESTIONS: dict[str, Callable[[Line, Mapping[str, Any]], Any]] = {
    "db.execute": Line.execute,
    "db.executemany": Line.execute_many,
    "db.fetch": Line.fetch,
    "db.commit": Line.commit,
    "db.rollback": Line.rollback,
}


def answered(line: Line, what: str, arguments: Mapping[str, Any], refuse: Refuse) -> Any:
    """Answer a question about the database; raise `Refusal` as the gateway does."""
    try:
        return QUESTIONS[what](line, arguments)
    except StatementRefused as error:
        raise Refusal(codes.DATABASE, str(error), kind="ProgrammingError") from error
    except DatabaseRefusal as error:
        if error.missing in VIEWS:
            raise refuse(VIEWS[error.missing][0]) from error
        raise Refusal(codes.DATABASE, str(error), kind=error.kind) from error
