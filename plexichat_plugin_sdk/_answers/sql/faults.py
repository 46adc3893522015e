"""What SQLite says, as the exception that an author gets on either database."""

from __future__ import annotations

import re
import sqlite3

from .results import DatabaseRefusal, Kind

_NO_SUCH_TABLE = re.compile(r"no such table: (\S+)")
_KINDS: dict[int, Kind] = {
    sqlite3.SQLITE_ERROR: "ProgrammingError",
    sqlite3.SQLITE_AUTH: "ProgrammingError",
    sqlite3.SQLITE_CONSTRAINT: "IntegrityError",
    sqlite3.SQLITE_MISMATCH: "DataError",
    sqlite3.SQLITE_TOOBIG: "DataError",
    sqlite3.SQLITE_RANGE: "ProgrammingError",
    sqlite3.SQLITE_CORRUPT: "DatabaseError",
    sqlite3.SQLITE_NOTADB: "DatabaseError",
}
_WORDS = {
    sqlite3.SQLITE_BUSY: "another connection of this plugin was writing for too long; try again",
    sqlite3.SQLITE_LOCKED: "another statement holds the table; try again",
    sqlite3.SQLITE_TOOBIG: "a value or a row is larger than 2 MiB",
}
_PRIMARY = 0xFF


def refusal_of(error: Exception, *, refused: str = "", bytes_allowed: int = 0) -> DatabaseRefusal:
    """Return the refusal for what the driver raised; `refused` is what the walls denied."""
    if isinstance(error, OverflowError):
        return DatabaseRefusal("DataError", "a whole number has more than 64 bits")
    if isinstance(error, UnicodeError):
        return DatabaseRefusal("DataError", "a text is not Unicode that can be written")
    code = getattr(error, "sqlite_errorcode", None)
    primary = code & _PRIMARY if isinstance(code, int) else None
    if refused or primary == sqlite3.SQLITE_AUTH:
        return DatabaseRefusal(
            "ProgrammingError", f"a plugin may not do that: {refused or 'this statement'}"
        )
    if primary == sqlite3.SQLITE_FULL:
        return DatabaseRefusal(
            "OperationalError", f"the plugin's database has reached its {bytes_allowed} bytes"
        )
    text = str(error)
    missing = _NO_SUCH_TABLE.search(text)
    return DatabaseRefusal(
        _kind_of(error, primary),
        _WORDS.get(primary or 0, text),
        missing=missing.group(1).rpartition(".")[2].lower() if missing else "",
    )


def _kind_of(error: Exception, primary: int | None) -> Kind:
    if primary in _KINDS:
        return _KINDS[primary]
    if primary is None and isinstance(error, sqlite3.ProgrammingError | sqlite3.Warning):
        return "ProgrammingError"
    if isinstance(error, sqlite3.InterfaceError):
        return "InterfaceError"
    return "OperationalError"
