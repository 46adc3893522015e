"""The plugin's own database: a PEP 249 connection, the same on SQLite and PostgreSQL.

    with get_db_connection() as conn:
        cursor = conn.cursor()
        cursor.execute("SELECT preferences FROM user_preferences WHERE user_id = %s", (user_id,))
        row = cursor.fetchone()

Tables belong to the plugin alone; migrations in the package make them. What the chat itself
knows can be read through the views `users`, `messages`, `channels` and `channel_members`, each
behind a capability.
"""

from __future__ import annotations

import datetime
from typing import Final

from ._database.connection import Connection
from ._database.cursor import Cursor
from ._database.exceptions import (
    DatabaseError,
    DataError,
    Error,
    IntegrityError,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    Warning,
)

__all__ = [
    "Binary",
    "Connection",
    "Cursor",
    "DataError",
    "DatabaseError",
    "Date",
    "Error",
    "IntegrityError",
    "InterfaceError",
    "InternalError",
    "NotSupportedError",
    "OperationalError",
    "ProgrammingError",
    "Time",
    "Timestamp",
    "Warning",
    "apilevel",
    "get_db_connection",
    "paramstyle",
    "threadsafety",
]

apilevel: Final = "2.0"
#: Threads may share the module, but not a connection.
threadsafety: Final = 1
paramstyle: Final = "format"
Binary = bytes
Date = datetime.date
Time = datetime.time
Timestamp = datetime.datetime


def get_db_connection() -> Connection:
    """Return a new connection to the plugin's own database.

    Nothing is asked of the host before the first statement. A connection that a handler leaves
    open is rolled back and closed when the handler returns; at most four are open at once.
    """
    return Connection()
