"""Configuration: what is set over the manifest's settings, by whom, and the way back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from plugins_registry import sealed
from plugins_registry.conf import conf
from plugins_registry.exceptions import ConfigurationRefused
from plugins_registry.merging import deep_merge
from plugins_registry.models import Configuration, ConfigurationChange, Plugin
from plugins_registry.queries.configuration import find_change, rules_of, stored_values
from plugins_registry.services.changes import change, find
from plugins_registry.setting_rules import SettingRules
from plugins_registry.settings_schema.shape import Keys
from plugins_registry.states import Origin
from plugins_registry.stored import stored_json

#: The id of the state before anything was set: the manifest's own values.
BEGINNING = 0


@dataclass(frozen=True, kw_only=True)
class _Draft:
    """A plugin's stored values on both sides of a change, secrets sealed."""

    plugin: Plugin
    rules: SettingRules
    before: dict[str, Any]
    after: dict[str, Any]


def configure(
    name: str, values: Mapping[str, Any], *, unset: Iterable[str] = (), by: Any = None
) -> dict[str, Any]:
    """Set values and return the whole stored configuration, secrets as a word.

    Dotted keys reach into mappings (`rate_limit.burst_limit`). Mappings are merged key by key into
    what is stored, everything else replaces it; `unset` brings keys back to the manifest's value.
    Each value must fit the manifest's schema, or without one have the type that its settings show.
    A secret is encrypted; its word as value leaves it as it is. `by` is the user, None the command
    line. All or nothing: `ConfigurationRefused` has every problem.
    """
    with change():
        plugin = find(name)
        news = rules_of(plugin).expanded(values)
        draft = _drafted(plugin, news, unset)
        _store(draft, Origin.USER if by else Origin.COMMAND, by)
    return sealed.shown(draft.after, draft.rules.secrets)


def update_own_config(name: str, values: Mapping[str, Any]) -> None:
    """Set values for the plugin itself: merged and checked as by `configure`, keys as they are.

    What changes nothing costs nobody else anything.
    """
    draft = _drafted(find(name), values)
    if draft.before == draft.after:
        return
    with change():
        _store(_drafted(find(name), values), Origin.PLUGIN, None)


def return_config(name: str, change_id: int, *, by: Any = None) -> dict[str, Any]:
    """Store again what was stored after an earlier change, secrets included; 0 unsets everything.

    The way back is a change like others and can be undone the same way. Raises `ChangeNotFound`,
    or `ConfigurationRefused` when those values no longer fit the release that is installed.
    """
    with change():
        plugin = find(name)
        is_first = change_id == BEGINNING
        then = {} if is_first else sealed.read(find_change(plugin, change_id).after)
        draft = _checked(plugin, then, news=sealed.opened(name, then))
        _store(draft, Origin.USER if by else Origin.COMMAND, by)
    return sealed.shown(draft.after, draft.rules.secrets)


def adopt_config(plugin: Plugin, stored: Mapping[str, Any]) -> None:
    """Give a fresh plugin the configuration of an earlier installation, inside a running change.

    `stored` is as it lay in the database. Raises `ConfigurationRefused` where it no longer fits.
    """
    then = sealed.read(stored)
    draft = _checked(plugin, then, news=sealed.opened(plugin.name, then))
    _store(draft, Origin.COMMAND, None)


def _drafted(plugin: Plugin, news: Mapping[str, Any], unset: Iterable[str] = ()) -> _Draft:
    rules, before = rules_of(plugin), stored_values(plugin)
    kept = rules.kept_secrets(news)
    if missing := [way for way in kept if not isinstance(sealed.found(before, way), sealed.Sealed)]:
        raise ConfigurationRefused(plugin.name, [_no_secret(way) for way in missing])
    for way in kept:
        news = _removed(dict(news), way)
    after = deep_merge(_without(before, unset), news)
    return _checked(plugin, after, news=news)


def _checked(plugin: Plugin, after: dict[str, Any], *, news: Mapping[str, Any]) -> _Draft:
    rules, before = rules_of(plugin), stored_values(plugin)
    name = plugin.name
    problems = rules.refused(
        news, before=sealed.opened(name, before), after=sealed.opened(name, after)
    )
    if problems:
        raise ConfigurationRefused(name, problems)
    after = sealed.seal(name, after, rules.secrets, like=before)
    if problems := _storage_problems(sealed.written(after)):
        raise ConfigurationRefused(name, problems)
    return _Draft(plugin=plugin, rules=rules, before=before, after=after)


def _no_secret(way: Keys) -> str:
    key = ".".join(way)
    return f"{key}: {sealed.SHOWN!r} stands for the secret that is set, and none is; give it itself"


def _store(draft: _Draft, origin: Origin, by: Any) -> None:
    if draft.before == draft.after:
        return
    before, after = sealed.written(draft.before), sealed.written(draft.after)
    facts = {"values": after, "changed_by": by, "origin": origin, "changed_at": timezone.now()}
    Configuration.objects.update_or_create(plugin=draft.plugin, defaults=facts)
    history = ConfigurationChange.objects.filter(plugin=draft.plugin)
    history.create(plugin=draft.plugin, origin=origin, user=by, before=before, after=after)
    kept = history.values_list("pk", flat=True)[: conf.CONFIG_HISTORY]
    history.exclude(pk__in=list(kept)).delete()


def _without(stored: Mapping[str, Any], unset: Iterable[str]) -> dict[str, Any]:
    left = dict(stored)
    for key in unset:
        left = _removed(left, (key,) if key in left else tuple(key.split(".")))
    return left


def _removed(values: dict[str, Any], steps: Keys) -> dict[str, Any]:
    first, rest = steps[0], steps[1:]
    if first not in values:
        return values
    if not rest:
        return {key: value for key, value in values.items() if key != first}
    below = values[first]
    return {**values, first: _removed(below, rest)} if isinstance(below, dict) else values


def _storage_problems(values: dict[str, Any]) -> list[str]:
    if stored_json(values) != values:
        return ["a text contains a NUL character or half of a surrogate pair; remove it"]
    size, most = len(json.dumps(values).encode()), conf.CONFIG_MAX_BYTES
    if size <= most:
        return []
    return [f"all values together take {size} bytes; at most {most} are stored"]
