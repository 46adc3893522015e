"""Paths that plugins answer: their templates, and who may claim which. Pure.

A template is a path whose segments are literal or `{parameter}`. Two templates clash when one
path could match both; a claim may not clash with the server's own paths or another plugin's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

#: The server's own: the path itself and all below it.
CORE_PREFIXES = (
    "/api/v1/auth",
    "/api/v1/users",
    "/api/v1/channels",
    "/api/v1/messages",
    "/api/v1/schema",
    "/api/v1/docs",
    "/api/v1/admin",
    "/api/schema",
    "/ws/chat",
    "/admin",
    "/static",
    "/healthz",
    "/metrics",
)
TEMPLATE_LENGTH = 200
_LITERAL = re.compile(r"[A-Za-z0-9._~-]+")
_PARAMETER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]{0,63})\}")
#: A parameter in a parsed template; no literal segment can look like it.
ANY = "{}"


class BadTemplate(ValueError):
    """A path that a plugin cannot claim, whoever else claims what."""


@dataclass(frozen=True, kw_only=True)
class Clash:
    """Two templates that could match the same path."""

    path: str
    #: Whose path it runs into, and which one.
    owner: str
    other: str


def parse_template(path: str) -> tuple[str, ...]:
    """The segments, parameters as `ANY`. Raises `BadTemplate` and says how to write it."""
    if not path.startswith(("/api/", "/ws/")) or path in ("/api/", "/ws/"):
        raise BadTemplate(f"{path!r} does not begin with /api/ or /ws/; put it below one of them")
    if len(path) > TEMPLATE_LENGTH:
        raise BadTemplate(f"{path[:40]!r}… is longer than {TEMPLATE_LENGTH} characters; shorten it")
    segments = path.removesuffix("/")[1:].split("/")
    parameters = [match[1] for part in segments if (match := _PARAMETER.fullmatch(part))]
    if len(set(parameters)) < len(parameters):
        raise BadTemplate(f"{path!r} uses a parameter's name twice; give each its own")
    return tuple(_segment(part, path) for part in segments)


def _segment(part: str, path: str) -> str:
    if _PARAMETER.fullmatch(part):
        return ANY
    if not _LITERAL.fullmatch(part) or part in (".", ".."):
        raise BadTemplate(
            f"{path!r} has the segment {part!r}; write letters, digits, '.', '_', '~', '-' or "
            f"one '{{parameter}}' between slashes"
        )
    return part


def overlaps(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether some path matches both parsed templates."""
    return len(one) == len(other) and _agree(one, other)


def clashes_with_core(path: str) -> str | None:
    """The server's own prefix that a template could reach; None when it keeps clear."""
    segments = parse_template(path)
    for prefix in CORE_PREFIXES:
        own = tuple(prefix.strip("/").split("/"))
        if _agree(segments[: len(own)], own) and len(segments) >= len(own):
            return prefix
    return None


def find_clashes(paths: Iterable[str], claimed: Mapping[str, Iterable[str]]) -> list[Clash]:
    """Every clash of well-formed paths with what others claimed (`owner -> paths`)."""
    taken = [
        (owner, other, parse_template(other))
        for owner, theirs in claimed.items()
        for other in theirs
    ]
    return [
        Clash(path=path, owner=owner, other=other)
        for path in paths
        for owner, other, segments in taken
        if overlaps(parse_template(path), segments)
    ]


def _agree(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return all(a == b or ANY in (a, b) for a, b in zip(one, other, strict=False))
