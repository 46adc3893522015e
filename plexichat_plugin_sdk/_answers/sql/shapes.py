"""The types of a result's columns, which Python's SQLite driver does not tell.

A temporary view of the same SELECT tells them: SQLite names the declared type of every column
that comes from a table. `MAX` and `MIN` are looked through, and what tells the time counts as a
timestamp, so that a statement brings the same Python types as on PostgreSQL.
"""

from __future__ import annotations

import re
import secrets
import sqlite3
import threading

from .lexer import Dialect, Kind, Token, tokens_of
from .results import Column
from .statements import KEPT_CHARACTERS, Statement

_MOST_KEPT = 200
_TYPES = {
    "TIMESTAMP": "timestamp",
    "TIMESTAMPTZ": "timestamp",
    "DATETIME": "timestamp",
    "DATE": "date",
    "TIME": "time",
    "DECIMAL": "decimal",
    "NUMERIC": "decimal",
    "UUID": "uuid",
    "BOOL": "boolean",
    "BOOLEAN": "boolean",
}
_FIRST_WORD = re.compile(r"[A-Za-z]+")
_EXTREMES = frozenset({"MAX", "MIN"})


class Shapes:
    """The columns found so far for one plugin's statements; safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, tuple[Column, ...]] = {}
        self._version = -1

    def settle(self, connection: sqlite3.Connection) -> None:
        """Forget everything when tables have changed, perhaps by another process."""
        (version,) = connection.execute("PRAGMA main.schema_version").fetchone()
        if version != self._version:
            with self._lock:
                self._version, self._known = version, {}

    def known(self, statement: Statement) -> tuple[Column, ...] | None:
        """Return the statement's columns if they were found before."""
        return self._known.get(statement.text)

    def find(
        self, statement: Statement, names: list[str], connection: sqlite3.Connection, clock: str
    ) -> tuple[Column, ...]:
        """Return and keep the columns, without types when these cannot be found.

        The statement has been run by this connection, so it may be run; the walls are down.
        `clock` is a temporary table whose column `moment` is a timestamp.
        """
        types = _found(statement, connection, clock)
        if len(types) != len(names):
            types = ("",) * len(names)
        columns = tuple(Column(*pair) for pair in zip(names, types, strict=True))
        if len(statement.text) <= KEPT_CHARACTERS:
            self._keep(statement.text, columns)
        return columns

    def _keep(self, text: str, columns: tuple[Column, ...]) -> None:
        with self._lock:
            if len(self._known) >= _MOST_KEPT:
                self._known.clear()
            self._known[text] = columns


def _found(statement: Statement, connection: sqlite3.Connection, clock: str) -> tuple[str, ...]:
    text = statement.text
    if statement.is_write:
        if not statement.returning:
            return ()
        target = statement.target.replace('"', '""')
        text = f'SELECT {statement.returning} FROM "{target}"'
    tokens = tokens_of(text, Dialect.SQLITE, has_parameters=False, is_native=True)
    for plain in (_looked_through(tokens, clock), _without_placeholders(tokens)):
        types = _declared(plain, connection)
        if types is not None:
            return types
    return ()


def _declared(select: str, connection: sqlite3.Connection) -> tuple[str, ...] | None:
    view = f"s{secrets.token_hex(8)}"
    try:
        connection.execute(f"CREATE TEMP VIEW {view} AS {select}")
    except sqlite3.Error:
        return None
    try:
        columns = connection.execute(f"PRAGMA table_info({view})").fetchall()
        return tuple(_type_of(column[2]) for column in columns)
    except sqlite3.Error:
        return None
    finally:
        connection.execute(f"DROP VIEW {view}")


def _type_of(declared: str) -> str:
    found = _FIRST_WORD.match(declared or "")
    return _TYPES.get(found.group().upper(), "") if found else ""


def _without_placeholders(tokens: list[Token]) -> str:
    return "".join("NULL" if token.kind is Kind.PLACEHOLDER else token.text for token in tokens)


def _looked_through(tokens: list[Token], clock: str) -> str:
    """Return the text with what hides a column's type taken away."""
    parts: list[str] = []
    at = 0
    while at < len(tokens):
        token, opens = tokens[at], _opens(tokens, at + 1)
        if token.word == "NOW" and opens:
            parts.append(f"(SELECT moment FROM temp.{clock})")
            at = _opens(tokens, opens, ")") or len(tokens)
            continue
        if token.kind is Kind.PLACEHOLDER:
            parts.append("NULL")
        elif token.word == "CURRENT_TIMESTAMP":
            parts.append(f"(SELECT moment FROM temp.{clock})")
        elif not (token.word in _EXTREMES and opens):
            parts.append(token.text)
        at += 1
    return "".join(parts)


def _opens(tokens: list[Token], at: int, bracket: str = "(") -> int:
    """Return where it goes on behind a bracket that comes next; 0 when something else comes."""
    while at < len(tokens) and tokens[at].kind is Kind.SPACE:
        at += 1
    return at + 1 if at < len(tokens) and tokens[at].text == bracket else 0
