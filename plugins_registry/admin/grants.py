"""Grants in admin: who allowed what, and when."""

from __future__ import annotations

from django.contrib import admin

from plugins_registry.admin.readonly import ReadOnlyAdmin
from plugins_registry.models import Grant


@admin.register(Grant)
class GrantAdmin(ReadOnlyAdmin):
    """Capabilities that plugins may ask for."""

    list_display = ("plugin", "capability", "granted_by", "granted_at")
    list_filter = ("capability",)
    list_select_related = ("plugin", "granted_by")
    search_fields = ("plugin__name", "capability")
