"""From the text of `plugin.yaml` to a `Manifest`, or to every problem at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from plugins_registry.manifest.doubts import contradictions, doubts
from plugins_registry.manifest.findings import Finding, nearest_line
from plugins_registry.manifest.loader import TYPED_PARTS, Document, load
from plugins_registry.manifest.record import Limits, Manifest, Requests
from plugins_registry.manifest.sections import Sections
from plugins_registry.manifest.settings import all_settings, settings_problems
from plugins_registry.places import Path


@dataclass(frozen=True, kw_only=True)
class ManifestReading:
    """The outcome: a manifest, or problems; warnings in either case."""

    manifest: Manifest | None
    problems: tuple[Finding, ...]
    warnings: tuple[Finding, ...]


def read_manifest(text: str) -> ManifestReading:
    """Read and check one manifest. Never raises for what the text contains."""
    document = load(text)
    problems, warnings = list(document.problems), list(document.warnings)
    sections = None
    if document.values is not None or not problems:
        sections, found = _check_sections(document)
        problems += found
    if sections is not None:
        misfits = settings_problems(sections.settings, sections.settings_schema)
        misfits += contradictions(sections)
        problems += [_placed(misfit, document) for misfit in misfits]
        warnings += [_placed(doubt, document) for doubt in doubts(sections)]
    manifest = _record(sections, document) if sections and not problems else None
    return ManifestReading(
        manifest=manifest,
        problems=tuple(sorted(problems, key=lambda finding: finding.line or 0)),
        warnings=tuple(warnings),
    )


def _check_sections(document: Document) -> tuple[Sections | None, list[Finding]]:
    if not isinstance(document.values, dict):
        message = "plugin.yaml holds no sections; expected at least 'plugin:' with name and version"
        return None, [Finding(path=(), message=message)]
    try:
        return Sections.model_validate(_without_empty(document.values, ())), []
    except ValidationError as error:
        details = error.errors(include_url=False)
        return None, [_finding(detail, document) for detail in details]


def _without_empty(values: Any, path: Path) -> Any:
    """A key without a value counts as absent, except where an empty value may be meant."""
    if not isinstance(values, dict) or (path and path[0] in TYPED_PARTS):
        return values
    return {
        key: _without_empty(value, (*path, key))
        for key, value in values.items()
        if value is not None
    }


def _finding(detail: ErrorDetails, document: Document) -> Finding:
    path: Path = tuple(detail["loc"])
    line = nearest_line(path, document.lines)
    return Finding(path=path, message=_sentence(detail), line=line)


def _sentence(detail: ErrorDetails) -> str:
    kind, value = detail["type"], detail["input"]
    context = detail.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if kind == "missing":
        return "is missing; every manifest needs it"
    expected = {
        "string_type": "text",
        "list_type": "a list, one item a line, each after a dash",
        "dict_type": "a mapping of keys and values",
        "model_type": "a mapping of keys and values",
        "string_too_long": f"at most {context.get('max_length')} characters",
        "too_long": f"at most {context.get('max_length')} items",
    }.get(kind)
    return f"expected {expected}, got {_shown(value)}" if expected else detail["msg"]


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _placed(finding: Finding, document: Document) -> Finding:
    line = nearest_line(finding.path, document.lines)
    return Finding(path=finding.path, message=finding.message, line=line)


def _record(sections: Sections, document: Document) -> Manifest:
    plugin, metadata, dependencies = sections.plugin, sections.metadata, sections.dependencies
    resources, permissions = sections.resources, sections.permissions
    return Manifest(
        name=plugin.name,
        version=plugin.version,
        author=plugin.author,
        description=plugin.description,
        entry_point=plugin.entry_point,
        category=metadata.category,
        tags=tuple(metadata.tags),
        license=metadata.license,
        homepage=metadata.homepage,
        metadata=document.values.get("metadata") or {},
        core=dependencies.core,
        python=dependencies.python,
        packages=tuple(dependencies.packages),
        plugins=tuple(dependencies.plugins),
        required_capabilities=tuple(dict.fromkeys(permissions.required)),
        optional_capabilities=tuple(dict.fromkeys(permissions.optional)),
        user_permissions=tuple(dict.fromkeys(permissions.users)),
        limits=Limits(
            cpu_millicores=resources.limits.cpu_millicores,
            memory_bytes=resources.limits.memory_bytes,
        ),
        requests=Requests(
            cpu_millicores=resources.requests.cpu, memory_bytes=resources.requests.memory
        ),
        hooks=tuple(dict.fromkeys(sections.hooks)),
        endpoints=None if sections.endpoints is None else tuple(dict.fromkeys(sections.endpoints)),
        settings=all_settings(sections.settings, sections.settings_schema),
        settings_schema=sections.settings_schema,
    )
