"""The session that migrates: the plugin's walls, our record, one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from plexichat_plugin_sdk._answers.sql.shapes import Shapes

from .session import Opener, SQLiteSession

#: How long one migration waits for another.
WAIT_SECONDS = 60


class SQLiteMigration(SQLiteSession):
    """See `store.MigrationSession`. SQLite's own write lock keeps other migrations waiting."""

    def __init__(self, opened: Opener, grants: frozenset[str], *, shapes: Shapes) -> None:
        super().__init__(opened, grants, shapes=shapes)
        self.run_ours(f"PRAGMA busy_timeout = {WAIT_SECONDS * 1000}")

    def keep_record(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one of our own statements, in the transaction that it begins if need be."""
        if not self.is_in_transaction:
            self.begin()
        return self.run_ours(sql.replace("%s", "?"), values)

    def close(self) -> None:
        """Roll back; the connection is not used again."""
        self.rollback()
        self.end()
