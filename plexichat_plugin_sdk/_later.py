"""The one sentence for what the reference promises and this server does not offer yet."""

from __future__ import annotations

from .exceptions import NotAvailable


def not_available(name: str) -> NotAvailable:
    """Return the error to raise for a part of the API that this server lacks."""
    return NotAvailable(f"{name} is not available on this server yet; it needs a later release")
