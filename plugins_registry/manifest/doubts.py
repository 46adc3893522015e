"""What is only seen across a manifest's sections: contradictions, and slips that are legal."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator

from packaging.requirements import Requirement

from plugins_registry import capabilities
from plugins_registry.claims import parse_template
from plugins_registry.manifest import hooks
from plugins_registry.manifest.findings import Finding
from plugins_registry.manifest.quantities import written_cpu, written_memory
from plugins_registry.manifest.sections import Sections
from plugins_registry.manifest.settings import settings_doubts
from plugins_registry.places import Path

#: Sections whose unknown keys are worth a warning; in `metadata` authors write what they like.
_WATCHED = ("plugin", "dependencies", "permissions", "resources")
#: Keys that one expects and that are something else.
_ELSEWHERE = {
    "migrations": "has no effect; migrations are the files migrations/NNNN_name.sql",
    "capabilities": "has no effect; capabilities are asked for in 'permissions:'",
    "limits": "has no effect here; limits belong to 'resources:'",
}


def contradictions(sections: Sections) -> list[Finding]:
    """What no plugin can mean, though each value alone is right."""
    found = []
    for at, text in enumerate(sections.dependencies.plugins):
        if Requirement(text).name == sections.plugin.name:
            message = "the plugin cannot need itself; remove it"
            found.append(Finding(path=("dependencies", "plugins", at), message=message))
    return [*found, *_claimed_twice(sections.endpoints or [])]


def doubts(sections: Sections) -> list[Finding]:
    """Warnings: slips that are legal."""
    found = [*_unknown(sections.model_extra or {}, Sections.model_fields, ())]
    found += settings_doubts(sections.settings_schema)
    for name in _WATCHED:
        section = getattr(sections, name)
        found += _unknown(section.model_extra or {}, type(section).model_fields, (name,))
    for part in ("limits", "requests"):
        section = getattr(sections.resources, part)
        known = type(section).model_fields
        found += _unknown(section.model_extra or {}, known, ("resources", part))
    return [*found, *_near_hooks(sections.hooks), *_capabilities(sections), *_excessive(sections)]


def _claimed_twice(paths: list[str]) -> Iterator[Finding]:
    seen: dict[tuple[str, ...], str] = {}
    for at, path in enumerate(paths):
        earlier = seen.setdefault(parse_template(path), path)
        if earlier != path:
            message = f"{path!r} and {earlier!r} are the same paths; keep one"
            yield Finding(path=("endpoints", at), message=message)


def _unknown(keys: Iterable[str], known: Iterable[str], section: Path) -> Iterator[Finding]:
    for key in keys:
        near = difflib.get_close_matches(key, list(known), n=1, cutoff=0.75)
        message = "is not known here and has no effect"
        if near:
            message += f"; did you mean {near[0]!r}?"
        elif not section:
            message = _ELSEWHERE.get(key, message)
        yield Finding(path=(*section, key), message=message)


def _near_hooks(names: list[str]) -> Iterator[Finding]:
    for at, name in enumerate(names):
        if meant := hooks.probably_meant(name):
            message = f"{name!r} is not a core hook; did you mean {meant!r}?"
            yield Finding(path=("hooks", at), message=message)


def _capabilities(sections: Sections) -> Iterator[Finding]:
    permissions = sections.permissions
    for part in ("required", "optional"):
        for at, name in enumerate(getattr(permissions, part)):
            path: Path = ("permissions", part, at)
            if meant := capabilities.probably_meant(name):
                message = f"{name!r} is only a label that allows nothing; did you mean {meant!r}?"
                yield Finding(path=path, message=message)
            elif part == "optional" and name in permissions.required:
                yield Finding(path=path, message=f"{name!r} is required already; remove it here")


def _excessive(sections: Sections) -> Iterator[Finding]:
    limits, requests = sections.resources.limits, sections.resources.requests
    message = "more is requested than the limit of {}, which is what it gets"
    if (requests.cpu or 0) > limits.cpu_millicores:
        text = message.format(written_cpu(limits.cpu_millicores))
        yield Finding(path=("resources", "requests", "cpu"), message=text)
    if (requests.memory or 0) > limits.memory_bytes:
        text = message.format(written_memory(limits.memory_bytes))
        yield Finding(path=("resources", "requests", "memory"), message=text)
