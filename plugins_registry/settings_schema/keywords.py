"""The keywords of JSON Schema that a settings schema may use, by what their value holds. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from plugins_registry.places import Path

#: One schema each.
HOLDS_ONE = frozenset({"items", "additionalProperties", "not", "if", "then", "else"})
#: A list of schemas each.
HOLDS_LIST = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
#: Schemas by name.
HOLDS_NAMED = frozenset({"properties", "$defs"})
#: What is checked.
CHECKS = frozenset(
    {
        *("type", "enum", "const", "$ref"),
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
        *("minLength", "maxLength", "pattern"),
        *("minItems", "maxItems", "uniqueItems"),
        *("minProperties", "maxProperties", "required", "dependentRequired"),
    }
)
#: What is only said; `secret` is ours.
SAYS = frozenset(
    {
        *("$schema", "$comment", "title", "description", "default", "examples", "format"),
        *("deprecated", "readOnly", "writeOnly", "secret"),
    }
)
KEYWORDS = HOLDS_ONE | HOLDS_LIST | HOLDS_NAMED | CHECKS | SAYS


def subschemas(schema: Any) -> Iterator[tuple[Path, Any]]:
    """The schemas right below one, each with the way to it."""
    if not isinstance(schema, Mapping):
        return
    for keyword, value in schema.items():
        if keyword in HOLDS_ONE:
            yield (keyword,), value
        elif keyword in HOLDS_LIST and isinstance(value, list):
            yield from (((keyword, at), each) for at, each in enumerate(value))
        elif keyword in HOLDS_NAMED and isinstance(value, Mapping):
            yield from (((keyword, name), each) for name, each in value.items())


def everywhere(schema: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """A schema and all below it as written, without following references."""
    yield path, schema
    for way, below in subschemas(schema):
        yield from everywhere(below, (*path, *way))
