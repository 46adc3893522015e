"""JSON Schema (Draft 2020-12) for a plugin's settings: the part of it that is taken here.

`accepting` says what is wrong with a schema in a manifest, `shape` finds its secrets and defaults,
`checking` holds values against it. A plugin's author writes the schema and the plugin itself may
offer values, so everything is bounded: size, references, patterns, and the work of one check.
"""

from __future__ import annotations

from plugins_registry.settings_schema.accepting import schema_doubts, schema_problems
from plugins_registry.settings_schema.checking import violations
from plugins_registry.settings_schema.shape import declared_defaults, secret_paths

__all__ = [
    "declared_defaults",
    "schema_doubts",
    "schema_problems",
    "secret_paths",
    "violations",
]
