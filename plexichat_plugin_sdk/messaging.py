"""Speaking in the chat and to a plugin's sockets; not available on this server yet."""

from __future__ import annotations

from typing import Any

from ._later import not_available


def send_message(channel_id: str, content: str, **options: Any) -> dict[str, Any]:
    """Write a message as the plugin's bot; raises `NotAvailable` on this server."""
    raise not_available("send_message()")


def broadcast(path: str, data: Any) -> int:
    """Send to all sockets of a path on all nodes; raises `NotAvailable` on this server."""
    raise not_available("broadcast()")
