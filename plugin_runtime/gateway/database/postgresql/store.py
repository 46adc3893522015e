"""All plugins' databases on PostgreSQL; see `store.Store`."""

from __future__ import annotations

import threading
import time
import zipfile

from plexichat_plugin_sdk._answers.sql.statements import Dialect
from plugin_runtime.gateway.database.store import DatabaseRefusal, MigrationSession, Session

from . import exporting, limits, provision
from .migrating import PostgreSQLMigration
from .pool import Pool
from .session import PostgreSQLSession

#: How long an unused connection stays open, and how often that is looked at.
SPARE_SECONDS = 60.0
_LOOK_SECONDS = 15.0


class PostgreSQLStore:
    """Keeps a pool for each plugin, and closes what nobody uses."""

    dialect = Dialect.POSTGRESQL

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._pools: dict[str, Pool] = {}
        self._is_looking = False

    def open(self, plugin: str, grants: frozenset[str]) -> Session:
        """Return a session; the plugin's role and schema are made when it has none yet."""
        self._look_after()
        session = PostgreSQLSession(plugin, self._pool(plugin), limits.current())
        session.use_grants(grants)
        return session

    def open_for_migration(self, plugin: str, grants: frozenset[str]) -> MigrationSession:
        """Return the one session that may migrate now; waits for another, bounded."""
        session = PostgreSQLMigration(plugin, self._pool(plugin), limits.current())
        try:
            session.use_grants(grants)
        except DatabaseRefusal:
            session.close()
            raise
        return session

    def exists(self, plugin: str) -> bool:
        """Whether the plugin has a schema."""
        return provision.exists(plugin)

    def release(self, plugin: str) -> None:
        """Close the connections that nobody uses, and forget what is known of the plugin."""
        with self._changed:
            pool = self._pools.pop(plugin, None)
        if pool is not None:
            pool.retire()

    def close(self) -> None:
        """Close the connections that nobody uses, and the others when they come back."""
        with self._changed:
            pools, self._pools = list(self._pools.values()), {}
        for pool in pools:
            pool.retire()

    def summary(self, plugin: str) -> dict[str, int]:
        """Count tables, rows and bytes."""
        if not self.exists(plugin):
            return {"tables": 0, "rows": 0, "bytes": 0}
        return exporting.summary(plugin, limits.current())

    def count_texts(self, plugin: str, prefix: str) -> int:
        """Count the texts that begin like this, in all text columns of all tables."""
        if not self.exists(plugin):
            return 0
        return exporting.count_texts(plugin, prefix, limits.current())

    def export(self, plugin: str, archive: zipfile.ZipFile) -> None:
        """Write the plugin's tables into an archive, below `database/`."""
        if self.exists(plugin):
            exporting.export(plugin, archive, limits.current())

    def purge(self, plugin: str) -> None:
        """Drop the plugin's schema and role."""
        self.release(plugin)
        provision.remove(plugin, limits.current())

    def _pool(self, plugin: str) -> Pool:
        with self._changed:
            if plugin not in self._pools:
                self._pools[plugin] = Pool(plugin, limits.current())
            return self._pools[plugin]

    def _look_after(self) -> None:
        if self._is_looking:
            return
        with self._changed:
            if not self._is_looking:
                self._is_looking = True
                threading.Thread(target=self._look, name="plugin-databases", daemon=True).start()

    def _look(self) -> None:
        """Close what is spare for long; leave when nothing is."""
        while True:
            time.sleep(_LOOK_SECONDS)
            with self._changed:
                pools = list(self._pools.values())
            left = sum(pool.close_spare(older_than=SPARE_SECONDS) for pool in pools)
            with self._changed:
                if not left:
                    self._is_looking = False
                    return
