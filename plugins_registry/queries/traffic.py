"""What plugins have moved over the network."""

from __future__ import annotations

from datetime import date
from typing import Any

from plugins_registry.models import Traffic

DAYS_SHOWN = 7


def bytes_moved(plugin: str, day: date) -> int:
    """The bytes of one plugin on one day (UTC), both directions, of all nodes. One query."""
    row = Traffic.objects.filter(plugin_id=plugin, day=day).first()
    return row.sent_bytes + row.received_bytes if row else 0


def last_traffic(plugin: str) -> list[dict[str, Any]]:
    """The last days on which a plugin used the network, the newest first; plain values."""
    return [
        {
            "day": row.day.isoformat(),
            "connections": row.connections,
            "sent_bytes": row.sent_bytes,
            "received_bytes": row.received_bytes,
        }
        for row in Traffic.objects.filter(plugin_id=plugin).order_by("-day")[:DAYS_SHOWN]
    ]
