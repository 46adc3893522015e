"""The database of a test: a throw-away SQLite file, read and bounded as the server does it.

A line to the host holds one transaction at most. The chat's views are there as far as their
capabilities are granted; what the server refuses for what it is, is refused here in its words.
"""

from __future__ import annotations

import datetime
import sqlite3
import tempfile
import weakref
from collections.abc import Callable
from pathlib import Path

from plexichat_plugin_sdk._answers.sql import statements
from plexichat_plugin_sdk._answers.sql.functions import ALLOWED
from plexichat_plugin_sdk._answers.sql.results import DatabaseRefusal
from plexichat_plugin_sdk._answers.sql.shapes import Shapes
from plexichat_plugin_sdk._answers.sql.statements import OWN_PREFIX, Dialect, StatementRefused

from ._clock import Clock
from ._core import VIEWS, Core
from ._session import Session

_SCHEMA_TABLES = frozenset({"sqlite_master", "sqlite_schema"})
_REWRITING = ("sqlite_rename_", "sqlite_drop_c", "sqlite_add_c", "sqlite_find_c", "sqlite_fail")
_NEVER = frozenset({sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH, sqlite3.SQLITE_PRAGMA})
_CLOCK = f"{OWN_PREFIX}clock"


class MigrationFailed(Exception):
    """A migration cannot be applied; says which file and line, and what is wrong."""


class Gate:
    """What a statement of the plugin may touch; SQLite asks it."""

    def __init__(self) -> None:
        #: The first word of a statement that changes the schema; else empty.
        self.verb = ""
        #: What was refused last.
        self.refused = ""
        self._is_ours = False

    def begin(self, verb: str) -> None:
        """Expect a statement of the plugin's."""
        self.verb, self.refused = verb, ""

    def __enter__(self) -> None:
        self._is_ours = True

    def __exit__(self, *error: object) -> None:
        self._is_ours = False

    def ask(
        self, action: int, first: str | None, second: str | None, schema: str | None, by: str | None
    ) -> int:
        """Answer SQLite."""
        refused = "" if self._is_ours else self._refused(action, first or "", second or "")
        self.refused = self.refused or refused
        return sqlite3.SQLITE_DENY if refused else sqlite3.SQLITE_OK

    def _refused(self, action: int, first: str, second: str) -> str:
        if action in _NEVER:
            return "ATTACH, DETACH and PRAGMA"
        if action == sqlite3.SQLITE_FUNCTION:
            is_known = second.lower() in ALLOWED or (
                self.verb == "ALTER" and second.startswith(_REWRITING)
            )
            return "" if is_known else f"the function {second}()"
        is_schema = action == sqlite3.SQLITE_READ and first in _SCHEMA_TABLES
        return f"reading {first}" if is_schema and not self.verb else ""


class Database:
    """The file, made when it is first needed and removed with the last who knows it."""

    def __init__(self, core: Core, clock: Clock, grants: Callable[[], frozenset[str]]) -> None:
        self._core = core
        self._clock = clock
        self._grants = grants
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._filled = -1  # the version of the chat's facts that the file holds
        self._open: weakref.WeakSet[Session] = weakref.WeakSet()
        self.shapes = Shapes()

    def session(self) -> Session:
        """Return a session on a connection of its own."""
        session = Session(self._connected(), Gate(), self.shapes, self._prepared)
        self._open.add(session)
        return session

    def migrate(self, folder: Path) -> None:
        """Apply all migrations of a plugin's folder, in order, in one transaction."""
        session = self.session()
        try:
            for path in sorted(folder.glob("[0-9]*.sql")):
                if not path.name.endswith(".down.sql"):
                    _run(session, path)
            session.commit()
        finally:
            session.close()

    def close(self) -> None:
        """Close everything and remove the file."""
        for session in list(self._open):
            session.close()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def _connected(self) -> sqlite3.Connection:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(
                prefix="plexichat-", ignore_cleanup_errors=True
            )
            _make_core_tables(self._path)
        connection = _opened(self._path)
        connection.execute(f"CREATE TEMP TABLE {_CLOCK} (moment TIMESTAMP)")
        return connection

    @property
    def _path(self) -> str:
        assert self._folder is not None
        return str(Path(self._folder.name) / "data.sqlite3")

    def _prepared(self, session: Session) -> datetime.datetime:
        """Bring the chat's views of a connection up to date; return what time it is.

        Called before each statement; our own may pass then.
        """
        grants = self._grants()
        wanted = {name for name, (capability, _) in VIEWS.items() if capability in grants}
        for name in session.views - wanted:
            session.connection.execute(f"DROP VIEW temp.{name}")
        for name in wanted - session.views:
            columns = ", ".join(VIEWS[name][1])
            session.connection.execute(
                f"CREATE TEMP VIEW {name} AS SELECT {columns} FROM main.{OWN_PREFIX}{name}"
            )
        session.views = wanted
        if not session.connection.in_transaction:
            self._fill()
        return self._clock.now

    def _fill(self) -> None:
        """Write the chat's facts anew when a test has changed them."""
        if self._core.version == self._filled:
            return
        connection = _opened(self._path)
        with connection:
            for name in VIEWS:
                rows = self._core.stored(name)
                connection.execute(f"DELETE FROM {OWN_PREFIX}{name}")
                marks = ", ".join("?" * len(VIEWS[name][1]))
                connection.executemany(f"INSERT INTO {OWN_PREFIX}{name} VALUES ({marks})", rows)
        connection.close()
        self._filled = self._core.version


def _opened(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5.0)
    for pragma in ("journal_mode = WAL", "synchronous = OFF", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _make_core_tables(path: str) -> None:
    connection = _opened(path)
    for name, (_, columns) in VIEWS.items():
        declared = ", ".join(f"{column} {kind}" for column, kind in columns.items())
        connection.execute(f"CREATE TABLE {OWN_PREFIX}{name} ({declared})")
    connection.close()


def checked(sql: str, *, has_parameters: bool) -> statements.Statement:
    """Return a statement that may be run; raise `StatementRefused`."""
    statement = statements.read(sql, Dialect.SQLITE, has_parameters)
    if statement.keyword in statements.SCHEMA_VERBS and statement.target.lower() in VIEWS:
        raise StatementRefused(f"{statement.target!r} is a view of the chat; choose another name")
    return statement


def _run(session: Session, path: Path) -> None:
    where = f"migrations/{path.name}"
    try:
        parts = statements.split(path.read_text(encoding="utf-8"), Dialect.SQLITE)
    except StatementRefused as error:
        raise MigrationFailed(f"{where}: {error}") from error
    for line, sql in parts:
        try:
            session.execute(checked(sql, has_parameters=False), ())
        except (StatementRefused, DatabaseRefusal) as error:
            raise MigrationFailed(f"{where}, line {line}: {error}") from error
