"""Operations in admin: long work on plugins, step by step."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.utils.safestring import SafeString

from plugins_registry.admin import shown
from plugins_registry.admin.readonly import ReadOnlyAdmin
from plugins_registry.models import Operation


@admin.register(Operation)
class OperationAdmin(ReadOnlyAdmin):
    """What was or is being done, the newest first. A page that is loaded again shows the news."""

    list_display = ("id", "kind", "plugin", "release", "how_far", "last_step", "started_at", "by")
    list_filter = ("state", "kind")
    list_select_related = ("by",)
    search_fields = ("=plugin", "reason")
    fieldsets = (
        (None, {"fields": ("kind", "plugin", "release", "how_far", "reason")}),
        ("Steps", {"fields": ("progress",)}),
        ("When", {"fields": ("started_at", "seen_at", "by")}),
    )
    readonly_fields = ("how_far", "progress")

    @admin.display(description="State", ordering="state")
    def how_far(self, operation: Operation) -> SafeString:
        """How far it is."""
        return shown.badge(operation.state, operation.get_state_display())

    @admin.display(description="Last step")
    def last_step(self, operation: Operation) -> str:
        """What is done now, or was done last, and how much of it."""
        if not operation.steps:
            return "-"
        last = operation.steps[-1]
        return shown.short(" ".join(filter(None, (last.get("text"), _count(last)))))

    @admin.display(description="Steps")
    def progress(self, operation: Operation) -> SafeString:
        """Every step with its time, in their order."""
        return shown.table(
            ("Time", "Step", "What", "Progress"),
            (
                (shown.moment(step.get("at")), step.get("name"), step.get("text"), _count(step))
                for step in operation.steps
            ),
        )


def _count(step: dict[str, Any]) -> str:
    return f"{step.get('done')} of {step.get('of')}" if step.get("of") else ""
