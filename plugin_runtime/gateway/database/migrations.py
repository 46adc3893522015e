"""Migrations: a plugin's tables as its release needs them, in one transaction.

They run with the plugin's own rights. What was applied is recorded in the plugin's own database,
with the SQL that undoes it, so that a rollback needs no package of the newer release.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from plexichat.chat.data_views import VIEWS
from plexichat_plugin_sdk._answers.sql import statements
from plexichat_plugin_sdk._answers.sql.statements import StatementRefused
from plugin_runtime.conf import conf
from plugins_registry.queries import Migration, read_migrations

from .store import DatabaseRefusal, MigrationSession
from .stores import store

logger = logging.getLogger(__name__)

TABLE = f"{statements.OWN_PREFIX}migrations"
_CREATE = (
    f"CREATE TABLE IF NOT EXISTS {TABLE} (number INTEGER PRIMARY KEY, name TEXT NOT NULL, "
    "digest TEXT NOT NULL, down_sql TEXT NOT NULL, applied_at TEXT NOT NULL, release TEXT NOT NULL)"
)
_READ = f"SELECT number, name, digest, down_sql FROM {TABLE} ORDER BY number"
_INSERT = (
    f"INSERT INTO {TABLE} (number, name, digest, down_sql, applied_at, release) "
    "VALUES (%s, %s, %s, %s, %s, %s)"
)
_DELETE = f"DELETE FROM {TABLE} WHERE number = %s"


class MigrationFailed(Exception):
    """The plugin's tables are as they were; says which file and line, and what was wrong."""


@dataclass(frozen=True)
class _Applied:
    number: int
    name: str
    digest: str
    down_sql: str


def migrate(plugin: str, *, release: str, root: Path, grants: frozenset[str]) -> None:
    """Apply what the release's package has and the plugin's database has not yet, all or nothing.

    Safe on several nodes at once: the second waits and finds the work done. Raises
    `MigrationFailed`; a database that cannot be reached raises `DatabaseRefusal`.
    """
    wanted = read_migrations(root)
    if not wanted:
        return

    def work(session: MigrationSession) -> None:
        for migration in _pending(wanted, _applied(session)):
            _run(session, migration.up, where=migration.file)
            session.keep_record(_INSERT, _record_of(migration, release))
            logger.info("migrated", extra={"plugin": plugin, "migration": migration.file})

    _in_one_transaction(plugin, grants, work)


def migrate_to(plugin: str, number: int, *, grants: frozenset[str]) -> None:
    """Undo every migration above a number, the newest first, all or nothing; raises as `migrate`.

    For going back to an earlier release. The SQL comes from the record, not from a package.
    """
    if not store().exists(plugin):
        return

    def work(session: MigrationSession) -> None:
        applied = [each for each in _applied(session) if each.number > number]
        lasting = [f"{each.number:04}_{each.name}" for each in applied if not each.down_sql.strip()]
        if lasting:
            raise MigrationFailed(f"{', '.join(lasting)} cannot be undone: it has no .down.sql")
        for each in reversed(applied):
            where = f"migrations/{each.number:04}_{each.name}.down.sql"
            _run(session, each.down_sql, where=where)
            session.keep_record(_DELETE, (each.number,))

    _in_one_transaction(plugin, grants, work)


def applied_number(plugin: str, *, grants: frozenset[str] = frozenset()) -> int:
    """Return the number of the last applied migration; 0 when there is none."""
    if not store().exists(plugin):
        return 0
    session = store().open_for_migration(plugin, grants)
    try:
        applied = _applied(session)
    finally:
        session.close()
    return applied[-1].number if applied else 0


def highest_number(root: Path) -> int:
    """Return the number of a package's last migration; 0 when it has none."""
    wanted = read_migrations(root)
    return wanted[-1].number if wanted else 0


def _in_one_transaction(
    plugin: str, grants: frozenset[str], work: Callable[[MigrationSession], None]
) -> None:
    session = store().open_for_migration(plugin, grants)
    try:
        work(session)
        session.commit()
    finally:
        session.close()


def _applied(session: MigrationSession) -> list[_Applied]:
    session.keep_record(_CREATE)
    return [_Applied(*row) for row in session.keep_record(_READ)]


def _pending(wanted: Sequence[Migration], applied: Sequence[_Applied]) -> list[Migration]:
    """Return what is to be applied; refuse a history that the package tells otherwise."""
    known = {each.number: each for each in applied}
    newest = max(known, default=0)
    changed = [each.file for each in wanted if each.number in known and not _is(known, each)]
    if changed:
        raise MigrationFailed(
            f"{', '.join(changed)} was changed after it had been applied; leave it as it was and "
            "write another migration"
        )
    late = [each.file for each in wanted if each.number not in known and each.number < newest]
    if late:
        raise MigrationFailed(f"{', '.join(late)} comes before {newest:04}, which is applied")
    return [each for each in wanted if each.number not in known]


def _is(known: dict[int, _Applied], migration: Migration) -> bool:
    return known[migration.number].digest == _digest(migration)


def _digest(migration: Migration) -> str:
    return hashlib.sha256(migration.up.replace("\r\n", "\n").encode()).hexdigest()


def _record_of(migration: Migration, release: str) -> tuple[object, ...]:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return (
        migration.number,
        migration.name,
        _digest(migration),
        migration.down,
        now,
        release,
    )


def _run(session: MigrationSession, script: str, *, where: str) -> None:
    dialect = store().dialect
    try:
        parts = statements.split(script, dialect)
    except StatementRefused as error:
        raise MigrationFailed(f"{where}: {error}") from error
    for line, sql in parts:
        try:
            statement = statements.read(sql, dialect, False)
            if statement.keyword in statements.SCHEMA_VERBS and statement.target.lower() in VIEWS:
                raise StatementRefused(f"{statement.target!r} is a view of the chat")
            session.execute(statement, (), seconds=conf.db_migration_seconds)
        except (StatementRefused, DatabaseRefusal) as error:
            raise MigrationFailed(f"{where}, line {line}: {error}") from error
