"""Opening one connection: the plugin's file, the chat's views, and every bound that SQLite has."""

from __future__ import annotations

import sqlite3
import urllib.parse
from pathlib import Path

from plexichat.chat.data_views import VIEWS
from plexichat_plugin_sdk._answers.sql.functions import TABLE_FUNCTIONS
from plugin_runtime.gateway.database import limits

from .walls import CORE, Walls

PAGE_BYTES = 4096
#: The longest text or blob, and the longest row.
VALUE_BYTES = 2 * 1024 * 1024
#: One row of a result; the driver makes a whole one before anybody can look at it.
ROW_BYTES = 64 * 1024 * 1024
MOST_COLUMNS = 500
_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: VALUE_BYTES,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 400_000,
    sqlite3.SQLITE_LIMIT_COLUMN: MOST_COLUMNS,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 200,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 100,
    sqlite3.SQLITE_LIMIT_VDBE_OP: 200_000,
    sqlite3.SQLITE_LIMIT_FUNCTION_ARG: 100,
    sqlite3.SQLITE_LIMIT_ATTACHED: 1,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 500,
    sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER: 10_000,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 20,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}
_PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = NORMAL",
    "foreign_keys = ON",
    "trusted_schema = OFF",
    "cell_size_check = ON",
)
#: How long a statement waits for another connection of the plugin to finish writing.
BUSY_SECONDS = 5.0
#: SQLite asks the deadline after so many of its own instructions: a millisecond or less.
INSTRUCTIONS_BETWEEN = 10_000


def connect(
    path: Path, core: Path | None, views: frozenset[str]
) -> tuple[sqlite3.Connection, Walls]:
    """Return a connection with its walls up; raise `sqlite3.Error`.

    `core` is the chat's own file, attached read-only for the views; nothing is attached without.
    """
    connection = sqlite3.connect(
        _uri(path, "rwc"),
        uri=True,
        isolation_level=None,
        check_same_thread=False,  # a session is used by one thread at a time, not always the same
        timeout=BUSY_SECONDS,
    )
    try:
        walls = _set_up(connection, core, views)
    except BaseException:
        connection.close()
        raise
    return connection, walls


def _set_up(connection: sqlite3.Connection, core: Path | None, views: frozenset[str]) -> Walls:
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    connection.execute(f"PRAGMA journal_size_limit = {most_waiting_bytes()}")
    connection.execute(
        f"PRAGMA max_page_count = {max(16, limits.current().database_bytes // PAGE_BYTES)}"
    )
    modules = frozenset(name for (name,) in connection.execute("PRAGMA module_list"))
    for name in modules & TABLE_FUNCTIONS:
        # Set up on first use, by what looks to the walls like a change of the schema.
        connection.execute(f"SELECT 1 FROM {name}('[]')").fetchall()
    walls = Walls(views if core else frozenset(), virtual_tables=modules)
    if core is not None and views:
        connection.execute("ATTACH ? AS " + CORE, (_uri(core, "ro"),))
        _make_views(connection, walls)
        tables = connection.execute(f"SELECT name FROM {CORE}.sqlite_master")
        walls.core_tables = frozenset(name for (name,) in tables)
    connection.execute(f"CREATE TEMP TABLE {walls.clock} (moment TIMESTAMP)")
    for limit, most in _LIMITS.items():
        connection.setlimit(limit, most)
    connection.set_authorizer(walls.ask)
    return walls


def most_waiting_bytes() -> int:
    """Return how much may wait in the write-ahead log before nobody writes any more."""
    return max(4 * 1024 * 1024, limits.current().database_bytes // 4)


def wide_limit(columns: int) -> int:
    """Return the longest value of a result with so many columns: no row is larger than 64 MiB."""
    return min(VALUE_BYTES, ROW_BYTES // min(columns, MOST_COLUMNS))


def empty_log(path: Path, connection: sqlite3.Connection) -> bool:
    """Bring a long write-ahead log into the database; return whether it is short now.

    While any transaction reads, the log only grows: nothing that SQLite has bounds it.
    """
    log = path.with_name(f"{path.name}-wal")
    if _size_of(log) <= most_waiting_bytes():
        return True
    connection.execute("PRAGMA busy_timeout = 0")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    connection.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
    return _size_of(log) <= most_waiting_bytes()


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _make_views(connection: sqlite3.Connection, walls: Walls) -> None:
    for name, inner in walls.inner.items():
        connection.execute(f"CREATE TEMP VIEW {inner} AS {VIEWS[name].select(CORE)}")
        connection.execute(f"CREATE TEMP VIEW {name} AS SELECT * FROM temp.{inner}")


def _uri(path: Path, mode: str) -> str:
    return f"file:{urllib.parse.quote(str(path))}?mode={mode}"
