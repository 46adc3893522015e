"""The plugin's own cache; not available on this server yet."""

from __future__ import annotations

from typing import Any

from ._later import not_available


def get_cache_client() -> Any:
    """Return the plugin's cache; raises `NotAvailable` on this server."""
    raise not_available("get_cache_client()")
