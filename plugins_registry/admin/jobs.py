"""What plugins run again and again."""

from __future__ import annotations

from django.contrib import admin

from plugins_registry.admin.readonly import ReadOnlyAdmin
from plugins_registry.models import Job


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    """The scheduled jobs of each plugin, with their last run."""

    list_display = (
        "plugin_id",
        "name",
        "schedule",
        "next_at",
        "last_at",
        "last_outcome",
        "last_ms",
    )
    list_filter = ("last_outcome", "plugin")
    list_select_related = False
    search_fields = ("=plugin__name", "name")
