"""Where the plugins' SQLite files are, who has them open, and what becomes of them."""

from __future__ import annotations

import base64
import contextlib
import functools
import json
import logging
import os
import re
import shutil
import sqlite3
import threading
import time
import urllib.parse
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections

from plexichat_plugin_sdk._answers.sql.shapes import Shapes
from plexichat_plugin_sdk._answers.sql.statements import OWN_PREFIX, Dialect
from plugin_runtime.conf import conf
from plugin_runtime.gateway.database.store import DatabaseRefusal, MigrationSession, Session

from .connecting import connect
from .migrating import SQLiteMigration
from .session import Opener, SQLiteSession
from .walls import Walls

logger = logging.getLogger(__name__)

FILE = "data.sqlite3"
#: Idle connections that are kept for one plugin, and how long.
MOST_IDLE = 2
IDLE_SECONDS = 60.0
_TABLES = (
    "SELECT name FROM sqlite_master WHERE type = 'table' "
    f"AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND substr(name, 1, {len(OWN_PREFIX)}) <> ?"
)

_SCHEMA = (
    "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' "
    f"ESCAPE '\\' AND substr(tbl_name, 1, {len(OWN_PREFIX)}) <> ? ORDER BY rowid"
)


class SQLiteStore:
    """All plugins' files; see `store.Store`."""

    dialect = Dialect.SQLITE

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: dict[str, list[tuple[float, SQLiteSession]]] = {}
        self._shapes: dict[str, Shapes] = {}
        self._tidied = 0.0

    def open(self, plugin: str, grants: frozenset[str]) -> Session:
        """Return a session, one that lies idle if there is one."""
        session = self._take_idle(plugin)
        if session is None:
            session = SQLiteSession(_opener(plugin), grants, shapes=self._shapes_of(plugin))
            session.file = str(_path(plugin))
            session.inode = _inode(session.file)
        return self._lend(plugin, session)

    def open_for_migration(self, plugin: str, grants: frozenset[str]) -> MigrationSession:
        """Return the session that may migrate; it waits for another to end."""
        return SQLiteMigration(_opener(plugin), grants, shapes=self._shapes_of(plugin))

    def exists(self, plugin: str) -> bool:
        """Whether the plugin has a file."""
        return _path(plugin).is_file()

    def release(self, plugin: str) -> None:
        """Close what lies idle for a plugin."""
        with self._lock:
            idle = self._idle.pop(plugin, [])
            self._shapes.pop(plugin, None)
        for _, session in idle:
            session.end()

    def close(self) -> None:
        """Close what lies idle."""
        for plugin in list(self._idle):
            self.release(plugin)

    def tidy(self) -> None:
        """Close what has been idle for long."""
        before = time.monotonic() - IDLE_SECONDS
        old: list[SQLiteSession] = []
        with self._lock:
            for plugin, idle in list(self._idle.items()):
                old += [session for since, session in idle if since < before]
                self._idle[plugin] = [each for each in idle if each[0] >= before]
        for session in old:
            session.end()

    def summary(self, plugin: str) -> dict[str, int]:
        """Count tables, rows and bytes."""
        if not self.exists(plugin):
            return {"tables": 0, "rows": 0, "bytes": 0}
        files = [_path(plugin), _path(plugin).with_name(f"{FILE}-wal")]
        with _reading(plugin) as connection:
            tables = _tables(connection)
            rows = sum(_count(connection, table) for table in tables)
        size = sum(file.stat().st_size for file in files if file.exists())
        return {"tables": len(tables), "rows": rows, "bytes": size}

    def count_texts(self, plugin: str, prefix: str) -> int:
        """Count the texts that begin like this, in all columns of all tables."""
        if not self.exists(plugin):
            return 0
        with _reading(plugin) as connection:
            tables = _tables(connection)
            return sum(_count_texts(connection, table, prefix) for table in tables)

    def export(self, plugin: str, archive: zipfile.ZipFile) -> None:
        """Write `database/schema.sql` and a JSON-lines file for each table."""
        if not self.exists(plugin):
            return
        with _reading(plugin) as connection:
            tables = _tables(connection)
            statements = connection.execute(_SCHEMA, (OWN_PREFIX,))
            archive.writestr("database/schema.sql", "".join(f"{sql};\n" for (sql,) in statements))
            for number, table in enumerate(tables, 1):
                name = f"database/{number:03}_{_as_file_name(table)}.jsonl"
                with archive.open(name, "w") as file:
                    for line in _lines(connection, table):
                        file.write(line)

    def purge(self, plugin: str) -> None:
        """Remove the plugin's folder."""
        self.release(plugin)
        shutil.rmtree(_folder(plugin), ignore_errors=True)

    def _lend(self, plugin: str, session: SQLiteSession) -> SQLiteSession:
        session.give_back = functools.partial(self._take_back, plugin)
        return session

    def _take_back(self, plugin: str, session: SQLiteSession) -> None:
        now = time.monotonic()
        with self._lock:
            idle = self._idle.setdefault(plugin, [])
            is_kept = len(idle) < MOST_IDLE
            if is_kept:
                idle.append((now, session))
        if not is_kept:
            session.end()
        if now > self._tidied + IDLE_SECONDS / 4:
            self._tidied = now
            self.tidy()

    def _take_idle(self, plugin: str) -> SQLiteSession | None:
        with self._lock:
            idle = self._idle.get(plugin)
            session = idle.pop()[1] if idle else None
        if session is not None and session.inode != _inode(session.file):
            session.end()  # another process has removed the file
            return None
        return session

    def _shapes_of(self, plugin: str) -> Shapes:
        with self._lock:
            return self._shapes.setdefault(plugin, Shapes())


def _opener(plugin: str) -> Opener:
    def opened(views: frozenset[str]) -> tuple[sqlite3.Connection, Walls]:
        try:
            _make_private(_path(plugin))
            return connect(_path(plugin), _core(), views)
        except (sqlite3.Error, OSError) as error:
            logger.warning("a plugin's database cannot be opened", exc_info=True)
            raise DatabaseRefusal(
                "OperationalError", "the plugin's database could not be opened; try again later"
            ) from error

    return opened


def _make_private(path: Path) -> None:
    path.parent.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))


def _core() -> Path | None:
    """Return the chat's own file."""
    path = Path(str(connections[DEFAULT_DB_ALIAS].settings_dict["NAME"]))
    return path if path.is_file() else None


def _folder(plugin: str) -> Path:
    return conf.home / "plugins-data" / plugin


def _path(plugin: str) -> Path:
    return _folder(plugin) / FILE


@contextlib.contextmanager
def _reading(plugin: str) -> Iterator[sqlite3.Connection]:
    """A connection of the host's own; what it meets is a plugin's, so it only reads."""
    uri = f"file:{urllib.parse.quote(str(_path(plugin)))}?mode=ro"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None)
    try:
        # A plugin can store as text what is none.
        connection.text_factory = lambda stored: stored.decode(errors="replace")
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("BEGIN")  # one and the same state for all that is read
        yield connection
    finally:
        connection.close()


def _tables(connection: sqlite3.Connection) -> list[str]:
    return [name for (name,) in connection.execute(_TABLES, (OWN_PREFIX,))]


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    """Return what is stored: a generated column may be computed to any size, in every row."""
    return [row[1] for row in connection.execute(f"PRAGMA table_info({_quoted(table)})")]


def _count(connection: sqlite3.Connection, table: str) -> int:
    (count,) = connection.execute(f"SELECT count(*) FROM {_quoted(table)}").fetchone()
    return int(count)


def _count_texts(connection: sqlite3.Connection, table: str, prefix: str) -> int:
    columns = _columns(connection, table)
    begins = "coalesce(sum(typeof({0}) = 'text' AND substr({0}, 1, ?) = ?), 0)"
    sums = " + ".join(begins.format(_quoted(column)) for column in columns)
    values = (len(prefix), prefix) * len(columns)
    (count,) = connection.execute(f"SELECT {sums} FROM {_quoted(table)}", values).fetchone()
    return int(count)


def _lines(connection: sqlite3.Connection, table: str) -> Iterator[bytes]:
    names = _columns(connection, table)
    for row in connection.execute(f"SELECT {', '.join(map(_quoted, names))} FROM {_quoted(table)}"):
        fields = {name: _plain(value) for name, value in zip(names, row, strict=True)}
        yield json.dumps(fields, ensure_ascii=False).encode() + b"\n"


def _plain(value: Any) -> Any:
    return {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def _inode(file: str) -> int:
    try:
        return os.stat(file).st_ino
    except OSError:
        return -1


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _as_file_name(table: str) -> str:
    return re.sub(r"\W", "_", table, flags=re.ASCII)[:60]
