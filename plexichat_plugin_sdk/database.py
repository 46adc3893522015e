"""The plugin's own database tables; not available on this server yet."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from ._later import not_available


def get_db_connection() -> AbstractContextManager[Any]:
    """Return a connection to the plugin's database; raises `NotAvailable` on this server."""
    raise not_available("get_db_connection()")
