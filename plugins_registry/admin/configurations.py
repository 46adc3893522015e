"""Configurations and their history in admin, a word in place of each secret."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString

from plugins_registry import queries
from plugins_registry.admin.readonly import ReadOnlyAdmin
from plugins_registry.models import Configuration, ConfigurationChange
from plugins_registry.queries.configuration import described_change, rules_of


@admin.register(Configuration)
class ConfigurationAdmin(ReadOnlyAdmin):
    """What was set over the manifests' settings."""

    list_display = ("plugin", "origin", "changed_by", "changed_at")
    list_select_related = ("plugin", "changed_by")
    search_fields = ("plugin__name",)
    fields = ("plugin", "origin", "changed_by", "changed_at", "stored")
    readonly_fields = ("stored",)

    @admin.display(description="values")
    def stored(self, row: Configuration) -> SafeString:
        """What is stored, for people."""
        return _written(queries.stored_config(row.plugin.name))


@admin.register(ConfigurationChange)
class ConfigurationChangeAdmin(ReadOnlyAdmin):
    """Who set what, the newest first."""

    list_display = ("id", "plugin", "who", "at")
    list_filter = ("origin", "plugin")
    list_select_related = ("plugin", "user")
    search_fields = ("=plugin__name",)
    fields = ("plugin", "who", "at", "changes")
    readonly_fields = ("who", "changes")

    @admin.display(description="changes")
    def changes(self, row: ConfigurationChange) -> SafeString:
        """Every setting that changed, before and after."""
        found = described_change(row, rules_of(row.plugin)).differences
        return _written({each.key: [each.before, each.after] for each in found})


def _written(values: dict[str, Any]) -> SafeString:
    return format_html("<pre>{}</pre>", json.dumps(values, indent=2, ensure_ascii=False))
