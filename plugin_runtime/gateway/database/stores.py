"""The store of this server: PostgreSQL when the chat lives there, else SQLite."""

from __future__ import annotations

from functools import cache
from typing import cast

from django.db import connection
from django.utils.module_loading import import_string

from .store import Store

#: By name, as Django does it: PostgreSQL's driver is loaded only where it is used.
_KINDS = {
    "sqlite": f"{__package__}.sqlite.store.SQLiteStore",
    "postgresql": f"{__package__}.postgresql.store.PostgreSQLStore",
}


@cache
def store() -> Store:
    """Return the one store of this process."""
    return cast(Store, import_string(_KINDS[connection.vendor])())


def close() -> None:
    """Close what this process has open, if it has; the gateway ends."""
    if store.cache_info().currsize:
        store().close()
