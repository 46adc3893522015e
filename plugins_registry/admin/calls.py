"""What plugins were asked lately."""

from __future__ import annotations

from django.contrib import admin

from plugins_registry.admin.readonly import ReadOnlyAdmin
from plugins_registry.models import Call


@admin.register(Call)
class CallAdmin(ReadOnlyAdmin):
    """The last calls of each plugin, the newest first."""

    list_display = ("at", "plugin_id", "kind", "target", "outcome", "code", "took_ms")
    list_filter = ("outcome", "kind", "plugin")
    list_select_related = False
    show_full_result_count = False
    search_fields = ("=plugin__name", "target", "=code")
    ordering = ("-id",)
