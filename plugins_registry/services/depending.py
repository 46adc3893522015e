"""Plugins that need each other: what may be installed, enabled, disabled and taken away."""

from __future__ import annotations

from plugins_registry.dependencies.needs import need_of
from plugins_registry.dependencies.plugins import Installed, dependents_of, plugin_problems, unmet
from plugins_registry.exceptions import DependentsEnabled, PluginsMissing
from plugins_registry.manifest import Manifest
from plugins_registry.models import Plugin


def misfits_among_plugins(manifest: Manifest) -> list[str]:
    """Why a release does not fit among the installed plugins, every reason."""
    offered = Installed(version=manifest.version, needs=tuple(map(need_of, manifest.plugins)))
    return plugin_problems(manifest.name, offered, _installed())


def refuse_without_plugins(plugin: Plugin) -> None:
    """Raise `PluginsMissing` when what it needs is not installed, or not in a fitting release.

    Whether it runs is not asked: the supervisor lets a plugin wait for those it needs.
    """
    if plugin.release is None or not plugin.release.declared.plugins:
        return
    if problems := unmet(map(need_of, plugin.release.declared.plugins), _installed()):
        raise PluginsMissing(plugin.name, problems)


def refuse_with_dependents(plugin: Plugin, verb: str) -> None:
    """Raise `DependentsEnabled` when an enabled plugin needs this one, which is enabled too."""
    enabled = _installed(enabled_only=True)
    if plugin.is_enabled and (dependents := dependents_of(plugin.name, enabled)):
        raise DependentsEnabled(plugin.name, dependents, verb)


def _installed(*, enabled_only: bool = False) -> dict[str, Installed]:
    plugins = Plugin.objects.filter(release__isnull=False).select_related("release")
    return {
        plugin.name: Installed(
            version=plugin.release.version,
            needs=tuple(map(need_of, plugin.release.manifest.get("plugins", ()))),
        )
        for plugin in plugins
        if plugin.release and (plugin.is_enabled or not enabled_only)
    }
