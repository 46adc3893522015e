"""The one session of a plugin that may change its schema now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from plugin_runtime.gateway.database.store import DatabaseRefusal

from .limits import Limits
from .link import Bounds, Link, Question
from .names import schema_of
from .pool import Pool
from .session import PostgreSQLSession

#: How long a node waits for another one to migrate.
WAIT_SECONDS = 30.0
_SCHEMA_CHANGES = 5_000
_LOCK = b"SELECT pg_advisory_lock(hashtextextended($1::text, 0))"


class PostgreSQLMigration(PostgreSQLSession):
    """A session with a connection of its own, and a lock that all nodes know."""

    def __init__(self, plugin: str, pool: Pool, limits: Limits) -> None:
        super().__init__(plugin, pool, replace(limits, schema_changes=_SCHEMA_CHANGES))
        self._link = self._take()

    def keep_record(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one of our own statements; see `store.MigrationSession`."""
        if self._link is None:
            raise DatabaseRefusal("InterfaceError", "the session is closed")
        questions: list[Question] = [(_numbered(sql).encode(), values)]
        if not self._is_begun:
            self._is_begun = True
            questions.insert(0, (b"BEGIN", ()))
        bounds = Bounds(self._limits.migration_seconds, self._limits.rows, 1 << 30)
        return self._link.ask(questions, bounds).rows

    def _take(self) -> Link:
        seconds = self._limits.migration_seconds
        link = Link(self._pool.connect(max(seconds, WAIT_SECONDS), lock_seconds=WAIT_SECONDS))
        try:
            name = f"migrations of {schema_of(self._plugin)}"
            link.ask([(_LOCK, (name,))], Bounds(WAIT_SECONDS + 1, 1, 1024))
        except DatabaseRefusal as refused:
            link.close()
            raise DatabaseRefusal(
                "OperationalError", f"the plugin's tables are migrated elsewhere: {refused}"
            ) from refused
        return link

    def _give_back(self, link: Link) -> None:
        link.close()  # and with it the lock


def _numbered(sql: str) -> str:
    """Put PostgreSQL's own placeholders for `%s`; these statements are ours, without texts."""
    first, *others = sql.split("%s")
    return first + "".join(f"${number}{text}" for number, text in enumerate(others, 1))
