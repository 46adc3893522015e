"""A plugin's configuration: what is stored, and what holds."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ObjectDoesNotExist

from plugins_registry.merging import deep_merge
from plugins_registry.models import Configuration, Plugin


def stored_config(name: str) -> dict[str, Any]:
    """What an admin set; empty when nothing was set or no such plugin is installed."""
    values = Configuration.objects.filter(plugin__name=name).values_list("values", flat=True)
    return dict(values.first() or {})


def effective_config(name: str) -> dict[str, Any]:
    """The manifest's settings with the stored configuration laid over them."""
    rows = Plugin.objects.filter(name=name, release__isnull=False)
    settings = rows.values_list("release__manifest__settings", flat=True).first()
    return deep_merge(settings or {}, stored_config(name))


def stored_values(plugin: Plugin) -> dict[str, Any]:
    """The same as `stored_config` for a row that was loaded together with its configuration."""
    try:
        return dict(plugin.configuration.values)
    except ObjectDoesNotExist:
        return {}
