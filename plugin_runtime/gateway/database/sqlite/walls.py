"""The authorizer: SQLite asks it before it prepares anything that a plugin's statement touches.

The chat's tables may be read only through the views, which SQLite says by naming the innermost
view. That name alone proves nothing: a plugin's own `WITH users AS (SELECT …)` is named the same
way (tried). So the views stand on inner ones whose names are random for each connection, and
even those may read no column but the ones that they show.
"""

from __future__ import annotations

import secrets
import sqlite3

from plexichat.chat.data_views import VIEWS
from plexichat_plugin_sdk._answers.sql.functions import ALLOWED, TABLE_FUNCTIONS
from plexichat_plugin_sdk._answers.sql.statements import OWN_PREFIX

CORE = "core"
_SCHEMA_TABLES = frozenset({"sqlite_master", "sqlite_schema"})
_TEMPORARY_SCHEMA_TABLES = frozenset({"sqlite_temp_master", "sqlite_temp_schema"})
_REWRITING = ("sqlite_rename_", "sqlite_drop_c", "sqlite_add_c", "sqlite_find_c", "sqlite_fail")
_SEQUENCE = "sqlite_sequence"
_ALWAYS = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE, sqlite3.SQLITE_SAVEPOINT})
_ROWS = frozenset({sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE})
_OBJECTS = frozenset(
    {
        sqlite3.SQLITE_CREATE_INDEX,
        sqlite3.SQLITE_CREATE_TABLE,
        sqlite3.SQLITE_CREATE_TRIGGER,
        sqlite3.SQLITE_CREATE_VIEW,
        sqlite3.SQLITE_DROP_INDEX,
        sqlite3.SQLITE_DROP_TABLE,
        sqlite3.SQLITE_DROP_TRIGGER,
        sqlite3.SQLITE_DROP_VIEW,
        sqlite3.SQLITE_REINDEX,
    }
)


class Walls:
    """What one connection may do; asked by SQLite."""

    def __init__(self, views: frozenset[str], *, virtual_tables: frozenset[str]) -> None:
        #: The inner name of each view that this connection has.
        self.inner = {name: f"v{secrets.token_hex(16)}" for name in sorted(views)}
        #: The temporary table that `shapes` asks for a timestamp's type.
        self.clock = f"c{secrets.token_hex(16)}"
        #: The views that may be read now; never more than there are.
        self.shown = views
        #: The first word of the statement at hand when it changes the schema, and so touches the
        #: schema's own tables; else empty.
        self.verb = ""
        #: The names of all the chat's tables.
        self.core_tables: frozenset[str] = frozenset()
        #: What was refused last, for the author.
        self.refused = ""
        #: The view that was to be read, when its capability has been withdrawn.
        self.missing = ""
        self._virtual = virtual_tables - TABLE_FUNCTIONS
        self._outer = {inner: name for name, inner in self.inner.items()}
        self._columns = {inner: VIEWS[name].reads() for inner, name in self._outer.items()}
        self._is_ours = False

    def begin(self, verb: str) -> None:
        """Expect a statement of a plugin's; `verb` is its first word if it changes the schema."""
        self.verb, self.refused, self.missing = verb, "", ""

    def lowered(self) -> Walls:
        """Let the statements within this context pass: they are ours."""
        return self

    def __enter__(self) -> None:
        self._is_ours = True

    def __exit__(self, *error: object) -> None:
        self._is_ours = False

    def ask(
        self, action: int, first: str | None, second: str | None, schema: str | None, by: str | None
    ) -> int:
        """Answer SQLite; its five arguments mean something else with each action."""
        if self._is_ours or self._allows(action, first or "", second or "", schema or "", by or ""):
            return sqlite3.SQLITE_OK
        self.missing = self.missing or self._outer.get(by or "", "")
        self.refused = self.refused or _words(action, first or "", second or "")
        return sqlite3.SQLITE_DENY

    def _allows(self, action: int, first: str, second: str, schema: str, by: str) -> bool:
        if action == sqlite3.SQLITE_READ:
            return self._may_read(first, second, schema, by)
        if action in _ALWAYS:
            return True
        if action == sqlite3.SQLITE_FUNCTION:
            return second.lower() in ALLOWED or (
                # What SQLite itself calls to rewrite the schema.
                self.verb == "ALTER" and second.startswith(_REWRITING)
            )
        if action in _ROWS:
            is_altering = self.verb == "ALTER" and first in _TEMPORARY_SCHEMA_TABLES
            return is_altering or (schema == "main" and self._is_a_plugins(first))
        if action == sqlite3.SQLITE_ALTER_TABLE:
            return first == "main" and self._is_a_plugins(second)
        return action in _OBJECTS and schema == "main" and self._is_a_plugins(first)

    def _may_read(self, table: str, column: str, schema: str, by: str) -> bool:
        if not column and schema in ("", CORE):
            return self._may_count(table)
        if schema == CORE:
            return self._outer.get(by) in self.shown and (table, column) in self._columns[by]
        if schema == "temp":
            is_altering = self.verb == "ALTER" and table in _TEMPORARY_SCHEMA_TABLES
            return table in self.shown or self._outer.get(table) in self.shown or is_altering
        return schema == "main" and self._is_a_plugins(table)

    def _may_count(self, table: str) -> bool:
        """Whether rows may be counted: no column is read, and SQLite names no view.

        It names the file as the statement does, so perhaps not at all.
        """
        if table not in self.core_tables:
            return self._is_a_plugins(table)
        readable = (
            self._columns[inner] for inner, name in self._outer.items() if name in self.shown
        )
        return any(table == each for columns in readable for each, _ in columns)

    def _is_a_plugins(self, table: str) -> bool:
        name = table.lower()
        if name in _SCHEMA_TABLES:
            return bool(self.verb)
        if name.startswith("sqlite_"):
            return name == _SEQUENCE or name.startswith("sqlite_autoindex_")
        if name.startswith("pragma_") or name in self._virtual:
            return False
        return not name.startswith(OWN_PREFIX)


def told(text: str, walls: Walls) -> str:
    """Return a database's words without the names that nobody may know."""
    for name, inner in walls.inner.items():
        text = text.replace(inner, name)
    return text


def _words(action: int, first: str, second: str) -> str:
    if action == sqlite3.SQLITE_FUNCTION:
        return f"the function {second[:60]}()"
    if action == sqlite3.SQLITE_READ:
        return f"reading {first[:60]}.{second[:60]}" if second else f"reading {first[:60]}"
    if action in _ROWS:
        return f"changing {first[:60]}"
    if action in (sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH, sqlite3.SQLITE_PRAGMA):
        return "ATTACH, DETACH and PRAGMA"
    return "this statement"
