"""What an accepted schema says besides what fits: where the secrets are, and the defaults."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

REFERENCE = "#/$defs/"
#: The keys to a value, from the outside in; secrets stand in mappings only, never in lists.
Keys = tuple[str, ...]


def resolved(schema: Any, root: Mapping[str, Any]) -> Iterator[Any]:
    """A schema and those that it refers to, one after the other."""
    while True:
        yield schema
        reference = schema.get("$ref") if isinstance(schema, Mapping) else None
        if reference is None:
            return
        schema = referred(reference, root)


def referred(reference: Any, root: Mapping[str, Any]) -> Any:
    """The definition that a reference names; None when there is none."""
    definitions = root.get("$defs")
    name = str(reference).removeprefix(REFERENCE)
    return definitions.get(name) if isinstance(definitions, Mapping) else None


def secret_paths(schema: Mapping[str, Any]) -> frozenset[Keys]:
    """The ways to all secrets."""
    return frozenset(
        keys for keys, below in _properties(schema, schema, ()) if below.get("secret") is True
    )


def declared_defaults(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The defaults of properties, those of inner ones inside their mappings."""
    defaults: dict[str, Any] = {}
    for keys, below in _properties(schema, schema, ()):
        if "default" in below:
            _put(defaults, keys, below["default"])
    return defaults


def _properties(schema: Any, root: Mapping[str, Any], keys: Keys) -> Iterator[tuple[Keys, Any]]:
    for each in resolved(schema, root):
        if not isinstance(each, Mapping):
            continue
        if keys:
            yield keys, each
        for name, below in each.get("properties", {}).items():
            yield from _properties(below, root, (*keys, name))


def _put(values: dict[str, Any], keys: Keys, value: Any) -> None:
    for key in keys[:-1]:
        below = values.setdefault(key, {})
        if not isinstance(below, dict):
            return
        values = below
    values.setdefault(keys[-1], value)
