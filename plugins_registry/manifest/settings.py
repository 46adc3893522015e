"""The parts `settings` and `settings_schema`: the defaults, and what they are held against."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plugins_registry.manifest.findings import Finding
from plugins_registry.merging import deep_merge
from plugins_registry.settings_schema import (
    declared_defaults,
    schema_doubts,
    schema_problems,
    secret_paths,
    violations,
)
from plugins_registry.settings_schema.sentences import REQUIRED

_SCHEMA, _SETTINGS = "settings_schema", "settings"


def settings_problems(settings: Mapping[str, Any], schema: Mapping[str, Any]) -> list[Finding]:
    """What is wrong with a schema, or with the defaults under it."""
    if not schema:
        return []
    misfits = schema_problems(schema)
    if misfits:
        return [Finding(path=(_SCHEMA, *path), message=text) for path, text in misfits]
    defaults = all_settings(settings, schema)
    texts = violations(schema, defaults, secret_paths(schema))
    # What is required and has no default is for the admin to set.
    unfit = [text for text in texts if not text.endswith(REQUIRED)]
    return [
        *(Finding(path=(_SETTINGS,), message=f"the default {text}") for text in unfit),
        *_given_away(defaults, schema),
    ]


def settings_doubts(schema: Mapping[str, Any]) -> list[Finding]:
    """What is legal in a schema and probably not meant."""
    return [Finding(path=(_SCHEMA, *path), message=text) for path, text in schema_doubts(schema)]


def all_settings(settings: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """The defaults: the schema's own, and those of `settings` over them."""
    return deep_merge(declared_defaults(schema), settings)


def _given_away(defaults: Mapping[str, Any], schema: Mapping[str, Any]) -> list[Finding]:
    found = []
    for keys in sorted(secret_paths(schema)):
        value: Any = defaults
        for key in keys:
            value = value.get(key) if isinstance(value, Mapping) else None
        if value:
            text = "is secret, and a default in a package is known to everybody; leave it out"
            found.append(Finding(path=(_SETTINGS, *keys), message=text))
    return found
