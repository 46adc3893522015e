"""The store of this server: PostgreSQL when the chat lives there, else SQLite."""

from __future__ import annotations

from functools import cache

from .sqlite.store import SQLiteStore
from .store import Store


@cache
def store() -> Store:
    """Return the one store of this process."""
    return SQLiteStore()
