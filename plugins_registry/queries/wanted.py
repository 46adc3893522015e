"""The supervisor's question: what shall run, and with what?"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from django.db.models import QuerySet

from plugins_registry.conf import conf
from plugins_registry.dependencies.needs import Need, need_of
from plugins_registry.models import Plugin, Release, Upgrade
from plugins_registry.queries.configuration import opened_config_of
from plugins_registry.states import UpgradeState


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A release that shall be tried beside the one that runs."""

    upgrade_id: int
    #: The plugin as it would be.
    candidate: WantedPlugin


@dataclass(frozen=True, kw_only=True)
class WantedPlugin:
    """One installed plugin as the admin wants it."""

    name: str
    version: str
    release_id: int
    #: The folder that holds the release's files.
    root: Path
    #: `module:Class`, or empty.
    entry_point: str
    description: str
    #: The manifest's `metadata`.
    metadata: dict[str, Any]
    #: The manifest's settings with the stored configuration over them, and the latter alone;
    #: secrets can be read in both.
    config: dict[str, Any] = field(repr=False)
    stored_config: dict[str, Any] = field(repr=False)
    grants: frozenset[str]
    #: The manifest's limits under the host's ceilings.
    cpu_millicores: int
    memory_bytes: int
    #: The folder with the release's Python packages, if it has any.
    site_packages: tuple[Path, ...]
    #: Whether it shall run.
    enabled: bool
    #: Counts the wishes for a fresh start.
    wish: int
    #: Other plugins that must be active before it starts.
    needs: tuple[Need, ...] = ()
    #: What shall be tried to take its place.
    trial: Trial | None = None
    #: The upgrade by which this release came to run, while it is still watched.
    watched: int | None = None


def wanted_plugins() -> list[WantedPlugin]:
    """All installed plugins, by name. Three queries, however many there are."""
    plugins = (
        Plugin.objects.filter(release__isnull=False)
        .select_related("release", "configuration")
        .prefetch_related("grants")
        .order_by("name")
    )
    upgrades = {each.plugin_id: each for each in _open_upgrades()}
    return [
        _with_upgrade(_wanted(plugin, plugin.release), plugin, upgrades.get(plugin.pk))
        for plugin in plugins
        if plugin.release
    ]


def _open_upgrades() -> QuerySet[Upgrade]:
    running = Upgrade.objects.filter(state__in=[UpgradeState.TRIAL, UpgradeState.WATCHED])
    return running.select_related("to_release")


def _with_upgrade(wanted: WantedPlugin, plugin: Plugin, upgrade: Upgrade | None) -> WantedPlugin:
    if upgrade is None or upgrade.to_release is None:
        return wanted
    if upgrade.state == UpgradeState.WATCHED:
        return replace(wanted, watched=upgrade.pk)
    plugin.release = upgrade.to_release  # of this row only; it is not saved
    candidate = _wanted(plugin, upgrade.to_release)
    return replace(wanted, trial=Trial(upgrade_id=upgrade.pk, candidate=candidate))


def _wanted(plugin: Plugin, release: Release) -> WantedPlugin:
    manifest, config = release.declared, opened_config_of(plugin)
    return WantedPlugin(
        name=plugin.name,
        version=release.version,
        release_id=release.pk,
        root=release.root,
        entry_point=manifest.entry_point,
        description=manifest.description,
        metadata=manifest.metadata,
        config=config.effective,
        stored_config=config.stored,
        grants=frozenset(grant.capability for grant in plugin.grants.all()),
        cpu_millicores=min(manifest.limits.cpu_millicores, conf.PLUGIN_MAX_CPU_MILLICORES),
        memory_bytes=min(manifest.limits.memory_bytes, conf.PLUGIN_MAX_MEMORY_BYTES),
        site_packages=release.site_packages,
        needs=tuple(map(need_of, manifest.plugins)),
        enabled=plugin.is_enabled,
        wish=plugin.wish,
    )
