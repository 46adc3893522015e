"""Which handler answers a path: as the server finds it, for one plugin."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from plexichat_plugin_sdk._marks import Gathered

SOCKET = "WEBSOCKET"
_UNSAFE = re.compile(r"[\x00-\x1f\x7f]")
_MAX_SEGMENTS = 32


@dataclass(frozen=True, kw_only=True)
class Route:
    """What answers one method of one path."""

    method: str
    template: str
    permissions: tuple[str, ...]
    path_params: dict[str, str]


class RouteTable:
    """The routes of a plugin."""

    def __init__(self, offered: Gathered) -> None:
        self._routes: list[tuple[str, str, tuple[str, ...]]] = [
            (method, each.path, each.permissions)
            for each in offered.endpoints
            for method in each.methods
        ]
        self._routes += [(SOCKET, each.path, each.permissions) for each in offered.sockets]

    def methods(self, path: str) -> list[str]:
        """Return what a path answers, for `Allow`; empty when nothing is there."""
        found = {route.method for route in self._found(path)} - {SOCKET}
        if "GET" in found:
            found.add("HEAD")
        return sorted(found | {"OPTIONS"}) if found else []

    def route(self, path: str, method: str) -> Route | None:
        """Return the most literal route that answers the method, or None."""
        for wanted in ("HEAD", "GET") if method == "HEAD" else (method,):
            for route in self._found(path):
                if route.method == wanted:
                    return route
        return None

    def _found(self, path: str) -> list[Route]:
        segments = _segments(path)
        if segments is None:
            return []
        matching = (
            (
                _rank(template),
                Route(method=method, template=template, permissions=needed, path_params=values),
            )
            for method, template, needed in self._routes
            for values in _matched(template.split("/")[1:], segments)
        )
        return [route for _, route in sorted(matching, key=lambda pair: pair[0])]


def _segments(path: str) -> list[str] | None:
    if not path.startswith("/") or _UNSAFE.search(path):
        return None
    segments = path.split("/")[1:]
    is_odd = len(segments) > _MAX_SEGMENTS or "." in segments or ".." in segments
    return None if is_odd else segments


def _rank(template: str) -> list[bool]:
    """Literal segments come first, place by place."""
    return [part.startswith("{") for part in template.split("/")]


def _matched(parts: Sequence[str], segments: Iterable[str]) -> Iterator[dict[str, str]]:
    given = list(segments)
    if len(parts) != len(given):
        return
    values = {}
    for part, segment in zip(parts, given, strict=True):
        if part.startswith("{") and segment:
            values[part[1:-1]] = segment
        elif part != segment:
            return
    yield values
