"""Traffic: what plugins move over the network, written by the gateways of all nodes."""

from __future__ import annotations

from datetime import date

from django.db.models import F

from plugins_registry.models import Plugin, Traffic


def note_traffic(plugin: str, day: date, *, connections: int, sent: int, received: int) -> None:
    """Add to a plugin's day; nothing for a plugin that is not installed any more."""
    if not Plugin.objects.filter(name=plugin).exists():
        return
    row, _ = Traffic.objects.get_or_create(plugin_id=plugin, day=day)
    Traffic.objects.filter(pk=row.pk).update(
        connections=F("connections") + connections,
        sent_bytes=F("sent_bytes") + sent,
        received_bytes=F("received_bytes") + received,
    )
