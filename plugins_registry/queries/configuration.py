"""A plugin's configuration: what is stored, what holds, and how it came to be.

What people see has a word in place of each secret. Only `opened_config` decrypts them: it is for
the plugin itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import ObjectDoesNotExist

from plugins_registry import sealed
from plugins_registry.exceptions import ChangeNotFound, PluginNotFound
from plugins_registry.history import Difference, differences
from plugins_registry.models import ConfigurationChange, Plugin
from plugins_registry.setting_rules import SettingRules


@dataclass(frozen=True, kw_only=True)
class OpenedConfig:
    """A configuration with its secrets readable."""

    stored: dict[str, Any] = field(repr=False)
    effective: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class ConfigChange:
    """One change, as people may see it."""

    id: int
    at: datetime
    who: str
    differences: tuple[Difference, ...]


def stored_config(name: str) -> dict[str, Any]:
    """What was set, secrets as a word; empty when nothing was, or no such plugin is installed."""
    plugin = _found(name)
    return sealed.shown(stored_values(plugin), rules_of(plugin).secrets) if plugin else {}


def effective_config(name: str) -> dict[str, Any]:
    """The manifest's settings with the stored configuration over them, secrets as a word."""
    plugin = _found(name)
    if plugin is None:
        return {}
    rules = rules_of(plugin)
    return sealed.shown(rules.effective(stored_values(plugin)), rules.secrets)


def opened_config(name: str) -> OpenedConfig:
    """A plugin's configuration for itself. A secret whose key is gone is left out."""
    plugin = _found(name)
    return opened_config_of(plugin) if plugin else OpenedConfig(stored={}, effective={})


def opened_config_of(plugin: Plugin) -> OpenedConfig:
    """The same for a row that was loaded with its release and configuration."""
    stored = sealed.opened(plugin.name, stored_values(plugin))
    return OpenedConfig(stored=stored, effective=rules_of(plugin).effective(stored))


def config_problems(name: str) -> list[str]:
    """Why what holds does not satisfy the plugin's schema: what is required and not set, too."""
    plugin = _found(name)
    if plugin is None:
        return []
    return rules_of(plugin).misfits(sealed.opened(plugin.name, stored_values(plugin)))


def config_history(name: str) -> list[ConfigChange]:
    """The last changes, the newest first; raises `PluginNotFound`."""
    plugin = _found(name)
    if plugin is None:
        raise PluginNotFound(name, Plugin.objects.order_by("name").values_list("name", flat=True))
    changes = ConfigurationChange.objects.filter(plugin=plugin).select_related("user")
    return [described_change(change, rules_of(plugin)) for change in changes]


def described_change(change: ConfigurationChange, rules: SettingRules) -> ConfigChange:
    """One row as people may see it."""
    before, after = sealed.read(change.before), sealed.read(change.after)
    return ConfigChange(
        id=change.pk,
        at=change.at,
        who=change.who,
        differences=tuple(differences(before, after, rules.secrets)),
    )


def find_change(plugin: Plugin, change_id: int) -> ConfigurationChange:
    """One change of this plugin; raises `ChangeNotFound`."""
    changes = ConfigurationChange.objects.filter(plugin=plugin)
    change = changes.filter(pk=change_id).first()
    if change is None:
        raise ChangeNotFound(plugin.name, change_id, list(changes.values_list("pk", flat=True)))
    return change


def stored_values(plugin: Plugin) -> dict[str, Any]:
    """What is stored for a plugin, its secrets still sealed."""
    try:
        values: dict[str, Any] = sealed.read(plugin.configuration.values)
    except ObjectDoesNotExist:
        return {}
    return values


def rules_of(plugin: Plugin) -> SettingRules:
    """The rules of the release that shall run."""
    return SettingRules(plugin.release.declared if plugin.release else None)


def _found(name: str) -> Plugin | None:
    return Plugin.objects.select_related("release", "configuration").filter(name=name).first()
