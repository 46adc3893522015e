"""What plugins run again and again."""

from __future__ import annotations

from functools import partial

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from plugins_registry import services
from plugins_registry.admin import shown
from plugins_registry.admin.acting import do_each
from plugins_registry.admin.readonly import ReadOnlyAdmin
from plugins_registry.models import Job


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    """The scheduled jobs of each plugin, with their last run."""

    list_display = (
        *(
            "plugin_id",
            "name",
            "schedule",
            "next_at",
            "last_at",
            "last_outcome",
            "took",
            "failures",
        ),
    )
    list_filter = ("last_outcome", "plugin")
    list_select_related = False
    search_fields = ("=plugin__name", "name")
    actions = ("run_now",)
    fieldsets = (
        (None, {"fields": ("plugin_id", "name", "schedule", "next_at", "holder", "until")}),
        ("Last run", {"fields": ("last_at", "last_outcome", "took", "why", "attempts")}),
        ("So far", {"fields": ("runs", "failures")}),
    )
    readonly_fields = ("plugin_id", "schedule", "took", "why")

    @admin.display(description="Took (ms)", ordering="last_ms")
    def took(self, job: Job) -> str:
        """How long the last run took."""
        return "-" if job.last_ms is None else f"{job.last_ms:.1f}"

    @admin.display(description="Last error")
    def why(self, job: Job) -> SafeString:
        """Why the last failure failed."""
        return shown.text(job.last_error)

    @admin.action(description="Run now", permissions=["act"])
    def run_now(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        """Make them due at once."""
        for plugin, name in queryset.values_list("plugin__name", "name"):
            run = partial(services.run_job_now, plugin)
            do_each(request, [name], run, f"{{}} of {plugin} runs within seconds")
