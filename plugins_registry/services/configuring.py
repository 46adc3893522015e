"""Configuration: what an admin sets over the manifest's settings."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils import timezone

from plugins_registry.conf import conf
from plugins_registry.exceptions import ConfigurationRefused
from plugins_registry.merging import deep_merge
from plugins_registry.models import Configuration, Plugin
from plugins_registry.queries.configuration import stored_values
from plugins_registry.services.changes import change, find
from plugins_registry.settings_types import check_values, expand


def configure(
    name: str, values: Mapping[str, Any], *, unset: Iterable[str] = (), by: Any = None
) -> dict[str, Any]:
    """Set values and return the whole stored configuration.

    Dotted keys reach into mappings (`rate_limit.burst_limit`). Mappings are merged key by key into
    what is stored, everything else replaces it; `unset` brings keys back to the manifest's value.
    Each value must have the type that the manifest's settings show; when the manifest declares
    settings, other keys are refused. All or nothing: `ConfigurationRefused` has every problem.
    """
    with change():
        plugin = find(name)
        settings = plugin.release.declared.settings if plugin.release else {}
        news = expand(settings, values)
        stored = _without(stored_values(plugin), unset)
        merged = deep_merge(stored, news)
        problems = check_values(settings, news) or _size_problems(merged)
        if problems:
            raise ConfigurationRefused(name, problems)
        _store(plugin, merged, by)
    return merged


def _store(plugin: Plugin, values: dict[str, Any], by: Any) -> None:
    Configuration.objects.update_or_create(
        plugin=plugin,
        defaults={"values": values, "changed_by": by, "changed_at": timezone.now()},
    )


def _without(stored: Mapping[str, Any], unset: Iterable[str]) -> dict[str, Any]:
    left = dict(stored)
    for key in unset:
        left = _removed(left, [key] if key in left else key.split("."))
    return left


def _removed(values: dict[str, Any], steps: list[str]) -> dict[str, Any]:
    first, rest = steps[0], steps[1:]
    if first not in values:
        return values
    if not rest:
        return {key: value for key, value in values.items() if key != first}
    below = values[first]
    return {**values, first: _removed(below, rest)} if isinstance(below, dict) else values


def _size_problems(values: dict[str, Any]) -> list[str]:
    text = json.dumps(values)
    # PostgreSQL's jsonb cannot hold NUL, written or escaped.
    if "\\u0000" in text:
        return ["a text contains a NUL character; remove it"]
    size, most = len(text.encode()), conf.CONFIG_MAX_BYTES
    if size <= most:
        return []
    return [f"all values together take {size} bytes; at most {most} are stored"]
