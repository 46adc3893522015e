"""What one plugin may take of the server."""

from __future__ import annotations

from dataclasses import dataclass

from plugin_runtime.conf import conf
from plugin_runtime.gateway.database.limits import Kept


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds of one plugin; bytes and seconds."""

    #: Connections at a time from one process of ours.
    connections: int = 4
    #: How long a session waits for one of them to be free.
    wait_seconds: float = 5.0
    #: One statement of a plugin.
    statement_seconds: float = 5.0
    #: One statement of a migration.
    migration_seconds: float = 60.0
    #: How long a transaction may rest before the server ends it, if we are not there to do so.
    idle_seconds: float = 40.0
    #: What one statement may bring.
    rows: int = 100_000
    result_bytes: int = 16 * 1024 * 1024
    #: The whole schema with its indexes.
    schema_bytes: int = 256 * 1024 * 1024
    #: Tables, indexes, sequences and views in it; also a bound on the locks it can hold.
    relations: int = 500
    #: In one transaction: each keeps a lock, or a number in every other session's snapshot.
    schema_changes: int = 200
    savepoints: int = 50
    #: From all processes together.
    connections_of_role: int = 24


def _read() -> Limits:
    return Limits(
        connections=conf.db_connections,
        statement_seconds=conf.db_statement_seconds,
        migration_seconds=conf.db_migration_seconds,
        idle_seconds=conf.db_idle_seconds + 10,
        rows=conf.db_result_rows,
        result_bytes=conf.db_result_bytes,
        schema_bytes=conf.db_bytes,
        connections_of_role=conf.db_connections * 6,
    )


#: What the operator's settings say.
current = Kept(_read)
