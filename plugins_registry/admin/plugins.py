"""Plugins in admin, and the wishes that can be made."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse

from plugins_registry import services, waiting
from plugins_registry.admin.acting import Affected, Choice, Question, ask, do_each, is_confirmed
from plugins_registry.admin.plugin_page import PluginPage
from plugins_registry.conf import conf
from plugins_registry.models import Plugin
from plugins_registry.queries.life import ways_back
from plugins_registry.services.exporting import Estate
from plugins_registry.states import Mode, State

#: A page that asks, or None: what was asked for is done.
Answer: TypeAlias = TemplateResponse | None
_FAILED = (State.BACKING_OFF, State.QUARANTINED)


@admin.register(Plugin)
class PluginAdmin(PluginPage):
    """What can be done to plugins; each by the same services as the commands."""

    actions = (
        *("enable", "disable", "restart", "shadow", "enforce"),
        *("roll_back", "uninstall", "purge"),
    )

    @admin.action(description="Enable", permissions=["act"])
    def enable(self, request: HttpRequest, queryset: QuerySet[Plugin]) -> None:
        """Ask for the plugins to run."""
        _wish(services.enable, "plugin {} will be started", request, queryset)

    @admin.action(description="Disable", permissions=["act"])
    def disable(self, request: HttpRequest, queryset: QuerySet[Plugin]) -> None:
        """Ask for the plugins to stop."""
        _wish(services.disable, "plugin {} will be stopped", request, queryset)

    @admin.action(description="Restart", permissions=["act"])
    def restart(self, request: HttpRequest, queryset: QuerySet[Plugin]) -> None:
        """Ask for a fresh start."""
        _wish(services.restart, "plugin {} will be restarted", request, queryset)

    @admin.action(description="Shadow: only record verdicts", permissions=["act"])
    def shadow(self, request: HttpRequest, queryset: QuerySet[Plugin]) -> None:
        """Ask filters without heeding them."""
        verb = partial(services.set_mode, mode=Mode.SHADOW)
        _wish(verb, "verdicts of {} are only recorded from now on", request, queryset)

    @admin.action(description="Enforce verdicts", permissions=["act"])
    def enforce(self, request: HttpRequest, queryset: QuerySet[Plugin]) -> None:
        """Heed filters again."""
        verb = partial(services.set_mode, mode=Mode.ENFORCE)
        _wish(verb, "verdicts of {} count from now on", request, queryset)

    @admin.action(description="Roll back…", permissions=["act"])
    def roll_back(self, request: HttpRequest, queryset: QuerySet[Plugin]) -> Answer:
        """Return to the release before, or to another one that is kept."""
        if not is_confirmed(request):
            return ask(self, request, _about_return(list(queryset.select_related("release"))))
        version = request.POST.get("version", "")
        verb = partial(services.rollback, version=version, by=request.user)
        _wish(verb, "plugin {} returns to its earlier release", request, queryset)
        return None

    @admin.action(description="Uninstall…", permissions=["remove"])
    def uninstall(self, request: HttpRequest, queryset: QuerySet[Plugin]) -> Answer:
        """Move plugins to the bin, with all that they own."""
        if not is_confirmed(request):
            return ask(self, request, _about_uninstall(queryset, purge=False))
        verb = partial(services.uninstall, by=request.user)
        done = f"plugin {{}} lies in the bin, from which it can come back for {conf.BIN_DAYS} days"
        _wish(verb, done, request, queryset)
        return None

    @admin.action(description="Uninstall and purge…", permissions=["remove"])
    def purge(self, request: HttpRequest, queryset: QuerySet[Plugin]) -> Answer:
        """Remove plugins with all that they own, for good."""
        if not is_confirmed(request):
            return ask(self, request, _about_uninstall(queryset, purge=True))
        verb = partial(_purge, by=request.user)
        _wish(verb, "plugin {} is uninstalled, and its data is removed", request, queryset)
        return None

    def fits(self, row: Plugin, action: str) -> bool:
        """Leave out what would change nothing."""
        fitting: dict[str, Callable[[], bool]] = {
            "enable": lambda: not row.is_enabled or row.state in _FAILED,
            "disable": lambda: row.is_enabled,
            "restart": lambda: row.is_enabled,
            "shadow": lambda: row.mode != Mode.SHADOW,
            "enforce": lambda: row.mode != Mode.ENFORCE,
            "roll_back": lambda: bool(ways_back(row)),
        }
        return action not in fitting or fitting[action]()


def _wish(
    verb: Callable[[str], object], done: str, request: HttpRequest, plugins: QuerySet[Plugin]
) -> None:
    # Read at once: the verbs change what the query would find.
    names = list(plugins.order_by("name").values_list("name", flat=True))
    do_each(request, names, verb, done)


def _purge(name: str, *, by: object) -> None:
    services.uninstall(name, purge=True, by=by)
    waiting.settle()  # nobody may make new data while the old is removed
    services.purge_belongings(name)


def _about_return(plugins: list[Plugin]) -> Question:
    affected = []
    for plugin in plugins:
        ways = ways_back(plugin)
        now = plugin.release.version if plugin.release else "no release"
        lines = (
            f"{now} is the release that runs; there is a way back to: {', '.join(ways) or 'none'}",
            "the configuration becomes what it was when that release was left",
            "migrations that came later are taken back where the plugin says how",
        )
        affected.append(Affected(key=plugin.pk, name=plugin.name, consequences=lines))
    return Question(
        action="roll_back",
        title="Return to an earlier release?",
        verb="Roll back",
        affected=tuple(affected),
        choice=_choice_of(plugins[0]) if len(plugins) == 1 else None,
    )


def _choice_of(plugin: Plugin) -> Choice:
    options = [("", "the release before"), *((each, each) for each in ways_back(plugin))]
    return Choice(name="version", label="Return to", options=tuple(options))


def _about_uninstall(plugins: QuerySet[Plugin], *, purge: bool) -> Question:
    affected = tuple(
        Affected(key=key, name=name, consequences=_gone(services.estate(name), purge=purge))
        for key, name in plugins.order_by("name").values_list("pk", "name")
    )
    return Question(
        action="purge" if purge else "uninstall",
        title="Uninstall and remove all data?" if purge else "Uninstall?",
        verb="Uninstall and purge" if purge else "Move to the bin",
        affected=affected,
        is_final=purge,
    )


def _gone(estate: Estate, *, purge: bool) -> tuple[str, ...]:
    owned = [
        f"{kind}: {', '.join(f'{count} {what}' for what, count in counts.items()) or 'nothing'}"
        for kind, counts in estate.belongings.items()
    ]
    held = [f"permission {text}: {count} holders" for text, count in estate.permissions.items()]
    end = (
        "nothing of it can come back"
        if purge
        else f"all but the waiting events can come back for {conf.BIN_DAYS} days"
    )
    return (
        *owned,
        f"releases: {estate.releases}",
        f"paths that nobody answers any more: {', '.join(estate.paths) or 'none'}",
        *held,
        f"events that wait for it: {estate.queued_events}",
        f"granted capabilities: {', '.join(estate.grants) or 'none'}",
        end,
    )
