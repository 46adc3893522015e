"""The JSON Schema of `plugin.yaml`, for editors: it completes and explains while one writes.

It knows shapes, not all that `read_manifest` checks: names that are taken, paths of the server,
versions and quantities are told at `plugin check`.
"""

from __future__ import annotations

from typing import Any

from plugins_registry.manifest.sections import Sections

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def manifest_schema() -> dict[str, Any]:
    """The whole schema, a new one at each call."""
    schema = Sections.model_json_schema()
    for part in (schema, *schema["$defs"].values()):
        part.pop("title", None)
        for name, field in part["properties"].items():
            part["properties"][name] = _plain(field, is_required=name in part.get("required", ()))
    return {"$schema": _DIALECT, "title": "plugin.yaml", **schema}


def _plain(field: dict[str, Any], *, is_required: bool) -> dict[str, Any]:
    """Without titles made of names; a key without a value counts as absent."""
    field.pop("title", None)
    if "$ref" in field:
        field.pop("default", None)
        if not is_required:
            field["anyOf"] = [{"$ref": field.pop("$ref")}, {"type": "null"}]
    elif field.get("type") in ("array", "object"):
        field["type"] = [field["type"], "null"]
    return field
