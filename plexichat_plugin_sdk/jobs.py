"""Work outside of calls: background tasks and scheduled jobs; not available on this server yet.

The decorators raise when they are applied, so that a plugin which relies on them is refused at
load with the reason, instead of running without its jobs.
"""

from __future__ import annotations

from typing import Any

from ._later import not_available


def background(function: Any = None, **options: Any) -> Any:
    """Run a method beside the calls; raises `NotAvailable` on this server."""
    raise not_available("background")


def scheduled(schedule: Any, **options: Any) -> Any:
    """Run a method again and again; raises `NotAvailable` on this server."""
    raise not_available("scheduled")
