"""Problems in admin: what somebody should look at."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from plugins_registry import services
from plugins_registry.admin import shown
from plugins_registry.admin.readonly import ReadOnlyAdmin
from plugins_registry.models import Problem


@admin.register(Problem)
class ProblemAdmin(ReadOnlyAdmin):
    """What somebody should look at."""

    list_display = ("what", "plugin", "count", "last_seen", "dismissed")
    list_filter = ("dismissed", "plugin")
    list_select_related = ("plugin",)
    search_fields = ("plugin__name", "key", "message")
    actions = ("dismiss",)
    fields = (
        *("plugin", "full_message", "count", "first_seen", "last_seen", "dismissed", "key"),
        "facts",
    )
    readonly_fields = ("full_message", "facts")

    @admin.display(description="Problem", ordering="message")
    def what(self, problem: Problem) -> str:
        """The message's first line."""
        return shown.short(problem.message)

    @admin.display(description="Message")
    def full_message(self, problem: Problem) -> SafeString:
        """All lines."""
        return shown.text(problem.message)

    @admin.display(description="Details")
    def facts(self, problem: Problem) -> SafeString:
        """Facts of the last occurrence; a stack keeps its lines."""
        return shown.facts((key, _shown(value)) for key, value in problem.details.items())

    @admin.action(description="Dismiss", permissions=["act"])
    def dismiss(self, request: HttpRequest, queryset: QuerySet[Problem]) -> None:
        """Somebody has looked."""
        for problem in queryset:
            services.dismiss(problem.pk)

    def fits(self, row: Problem, action: str) -> bool:
        """What is dismissed cannot be dismissed again."""
        return not row.dismissed


def _shown(value: Any) -> object:
    if isinstance(value, str):
        return shown.text(value)
    return shown.as_json(value) if isinstance(value, dict | list) else value
