"""What is shown of a plugin: wish, observation, release, and what became of it."""

from __future__ import annotations

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString

from plugins_registry.admin import life, shown
from plugins_registry.admin.readonly import ReadOnlyAdmin
from plugins_registry.models import (
    Call,
    ConfigurationChange,
    Delivery,
    Job,
    Operation,
    Plugin,
    Problem,
    Trace,
)
from plugins_registry.queries.traffic import last_traffic

_RELATED = (Operation, Problem, Delivery, Job, Call, Trace, ConfigurationChange)


class PluginPage(ReadOnlyAdmin):
    """A plugin as it is shown."""

    list_display = ("name", "version", "wanted", "seen", "why", "signed", "asked")
    list_filter = ("wanted", "state", "mode", "level", "fail_policy")
    list_select_related = ("release__plugin",)
    search_fields = ("name", "reason")
    readonly_fields = (
        *("about", "seen", "sandbox", "last_stack", "runs", "signed", "granted", "kept"),
        *("stages", "upgraded", "traffic", "more"),
    )
    fieldsets = (
        (None, {"fields": ("name", "about", "wanted", "seen", "reason", "since", "last_stack")}),
        ("Release", {"fields": ("runs", "signed", "granted", "kept", "upgraded", "stages")}),
        ("Filters", {"fields": ("priority", "deadline_ms", "fail_policy", "mode", "shadow_since")}),
        ("Also", {"fields": ("sandbox", "traffic", "more")}),
    )

    @admin.display(description="Release", ordering="release__version")
    def version(self, plugin: Plugin) -> str:
        """The version that shall run."""
        return plugin.release.version if plugin.release else "-"

    @admin.display(description="State", ordering="state")
    def seen(self, plugin: Plugin) -> SafeString:
        """What the supervisor saw last."""
        return shown.badge(plugin.state, plugin.get_state_display())

    @admin.display(description="Reason", ordering="reason")
    def why(self, plugin: Plugin) -> str:
        """Why it is in this state, in short."""
        return shown.short(plugin.reason)

    @admin.display(description="Filters", ordering="priority")
    def asked(self, plugin: Plugin) -> str:
        """When its filters are asked, and whether their verdicts count."""
        return f"{plugin.priority}, {plugin.mode}"

    @admin.display(description="Signature", ordering="release__signature")
    def signed(self, plugin: Plugin) -> SafeString:
        """Who vouches for the release."""
        return life.signed(plugin.release) if plugin.release else shown.NOTHING

    @admin.display(description="What it says of itself")
    def about(self, plugin: Plugin) -> str:
        """The manifest's description."""
        return (plugin.release.manifest.get("description") if plugin.release else "") or "-"

    @admin.display(description="Release that shall run")
    def runs(self, plugin: Plugin) -> SafeString:
        """The release, with a link to what it declares."""
        return shown.link(plugin.release)

    @admin.display(description="Granted capabilities")
    def granted(self, plugin: Plugin) -> str:
        """What it may ask of the server."""
        return ", ".join(plugin.grants.values_list("capability", flat=True)) or "-"

    @admin.display(description="Kept releases")
    def kept(self, plugin: Plugin) -> SafeString:
        """Those that are still on disk, the newest first."""
        return life.kept_releases(plugin)

    @admin.display(description="Last upgrades")
    def upgraded(self, plugin: Plugin) -> SafeString:
        """What became of the last exchanges of releases."""
        return life.last_upgrades(plugin)

    @admin.display(description="Last stages")
    def stages(self, plugin: Plugin) -> SafeString:
        """What the release that shall run went through, the newest first."""
        return life.stages(plugin.release) if plugin.release else shown.NOTHING

    @admin.display(description="Sandbox")
    def sandbox(self, plugin: Plugin) -> str:
        """Which layers hold it in."""
        return f"{plugin.level}: {', '.join(plugin.layers)}" if plugin.level else "-"

    @admin.display(description="Last stack")
    def last_stack(self, plugin: Plugin) -> SafeString:
        """Where it was when it last failed."""
        return shown.text(plugin.stack)

    @admin.display(description="Network traffic")
    def traffic(self, plugin: Plugin) -> SafeString:
        """What it moved on the last days."""
        rows = last_traffic(plugin.name)
        return shown.table(
            ("Day", "Connections", "Bytes sent", "Bytes received"),
            (tuple(row.values()) for row in rows),
        )

    @admin.display(description="More about it")
    def more(self, plugin: Plugin) -> SafeString:
        """Lists in which it can be found."""
        links = [
            shown.list_link(model, str(model._meta.verbose_name_plural), plugin.name)
            for model in _RELATED
        ]
        return format_html(" · ".join("{}" for _ in links), *links)
