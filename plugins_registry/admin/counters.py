"""What is counted: the network's traffic by day, and changes of the registry."""

from __future__ import annotations

from django.contrib import admin

from plugins_registry.admin.readonly import ReadOnlyAdmin
from plugins_registry.models import Generation, Traffic


@admin.register(Traffic)
class TrafficAdmin(ReadOnlyAdmin):
    """What each plugin moved over the network, by day."""

    list_display = ("plugin_id", "day", "connections", "sent_bytes", "received_bytes")
    list_filter = ("plugin",)
    list_select_related = False
    search_fields = ("=plugin__name",)
    ordering = ("-day", "plugin")


@admin.register(Generation)
class GenerationAdmin(ReadOnlyAdmin):
    """The counter of changes."""

    list_display = ("value",)
