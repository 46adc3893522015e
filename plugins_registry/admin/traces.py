"""Who touched a message: search by its id."""

from __future__ import annotations

from django.contrib import admin

from plugins_registry.admin.readonly import ReadOnlyAdmin
from plugins_registry.models import Trace


@admin.register(Trace)
class TraceAdmin(ReadOnlyAdmin):
    """What each plugin said about each message."""

    list_display = (
        *("message_id", "plugin_name", "release", "verdict", "applied", "took_ms", "reason", "at"),
    )
    list_filter = ("verdict", "applied", "plugin")
    list_select_related = False
    show_full_result_count = False
    search_fields = ("=message_id", "=plugin_name")
    search_help_text = "A message's id, or a plugin's name."
