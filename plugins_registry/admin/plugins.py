"""Plugins in admin, all that belongs to them, and their problems."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from plugins_registry import services
from plugins_registry.admin.readonly import ReadOnlyAdmin
from plugins_registry.exceptions import RegistryError
from plugins_registry.models import (
    DeclinedBundle,
    Generation,
    Grant,
    Plugin,
    Problem,
    Release,
)


def _each(
    verb: Callable[[str], object], done: str, request: HttpRequest, plugins: QuerySet[Plugin]
) -> None:
    """Call a verb for each selected plugin and tell the admin what came of it."""
    for name in plugins.order_by("name").values_list("name", flat=True):
        try:
            verb(name)
        except RegistryError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, f"plugin {name} {done}")


@admin.register(Plugin)
class PluginAdmin(ReadOnlyAdmin):
    """Wish and observation, and the wishes that can be made here."""

    list_display = (
        "name",
        "release",
        "wanted",
        "state",
        "reason",
        "level",
        "priority",
        "mode",
        "since",
    )
    list_filter = ("wanted", "state", "mode", "level", "fail_policy")
    list_select_related = ("release__plugin",)
    search_fields = ("name", "reason")
    actions = ("enable", "disable", "restart")

    @admin.action(description="Enable", permissions=["wish"])
    def enable(self, request: HttpRequest, queryset: QuerySet[Plugin]) -> None:
        """Ask for the plugins to run."""
        _each(services.enable, "will be started", request, queryset)

    @admin.action(description="Disable", permissions=["wish"])
    def disable(self, request: HttpRequest, queryset: QuerySet[Plugin]) -> None:
        """Ask for the plugins to stop."""
        _each(services.disable, "will be stopped", request, queryset)

    @admin.action(description="Restart", permissions=["wish"])
    def restart(self, request: HttpRequest, queryset: QuerySet[Plugin]) -> None:
        """Ask for a fresh start."""
        _each(services.restart, "will be restarted", request, queryset)

    def has_wish_permission(self, request: HttpRequest) -> bool:
        """Whoever may change plugins may wish; the forms stay read-only all the same."""
        return bool(request.user.has_perm("plugins_registry.change_plugin"))


@admin.register(Release)
class ReleaseAdmin(ReadOnlyAdmin):
    """What was installed, byte for byte."""

    list_display = ("plugin", "version", "signature", "digest", "created_at")
    list_filter = ("signature",)
    list_select_related = ("plugin",)
    search_fields = ("plugin__name", "version", "digest")


@admin.register(Grant)
class GrantAdmin(ReadOnlyAdmin):
    """Who allowed what, and when."""

    list_display = ("plugin", "capability", "granted_by", "granted_at")
    list_filter = ("capability",)
    list_select_related = ("plugin", "granted_by")
    search_fields = ("plugin__name", "capability")


@admin.register(Problem)
class ProblemAdmin(ReadOnlyAdmin):
    """What somebody should look at."""

    list_display = ("message", "plugin", "count", "last_seen", "dismissed")
    list_filter = ("dismissed", "plugin")
    list_select_related = ("plugin",)
    search_fields = ("plugin__name", "key", "message")
    actions = ("dismiss",)

    @admin.action(description="Dismiss", permissions=["dismiss"])
    def dismiss(self, request: HttpRequest, queryset: QuerySet[Problem]) -> None:
        """Somebody has looked."""
        for problem in queryset:
            services.dismiss(problem.pk)

    def has_dismiss_permission(self, request: HttpRequest) -> bool:
        """Whoever may change problems."""
        return bool(request.user.has_perm("plugins_registry.change_problem"))


@admin.register(DeclinedBundle)
class DeclinedBundleAdmin(ReadOnlyAdmin):
    """Bundled plugins that stay away."""

    list_display = ("name", "declined_at")


@admin.register(Generation)
class GenerationAdmin(ReadOnlyAdmin):
    """The counter of changes."""

    list_display = ("value",)
