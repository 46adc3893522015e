"""The route table: which plugin answers a path. Pure: compiled from a board, then only read.

A template is a path whose segments are literal or one parameter (`/api/v1/x/{id}`). Paths arrive
percent-decoded once, by the server; nothing is decoded here again. A literal segment beats a
parameter; where the literal leads nowhere, the parameter is tried. Work is bounded by the number
of templates of that shape, whatever path a client sends.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from plugins_registry.queries import Board, BoardPlugin

logger = logging.getLogger(__name__)

#: Longer paths match nothing.
MAX_SEGMENTS = 32
#: The key under which a WebSocket's handler is kept beside HTTP methods.
SOCKET = "WEBSOCKET"

_PARAMETER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, kw_only=True)
class Target:
    """What answers one method of one template."""

    plugin: BoardPlugin
    #: As declared; what the plugin is called by.
    template: str
    #: All of them are needed.
    permissions: tuple[str, ...]
    #: Names of the template's parameters, in order.
    parameters: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Route:
    """A target, found for a concrete path."""

    target: Target
    #: The declared method; a HEAD answered by a GET handler has `GET` here.
    method: str
    path_params: dict[str, str]


@dataclass
class _Node:
    literals: dict[str, _Node] = field(default_factory=dict)
    parameter: _Node | None = None
    targets: dict[str, Target] = field(default_factory=dict)


class RouteTable:
    """All routes of one board."""

    def __init__(self, board: Board) -> None:
        self._root = _Node()
        for plugin in board.plugins:
            for endpoint in plugin.endpoints:
                self._add(plugin, endpoint.path, endpoint.methods, endpoint.permissions)
            for socket in plugin.sockets:
                self._add(plugin, socket.path, (SOCKET,), socket.permissions)

    def methods(self, path: str) -> list[str]:
        """Return what a path answers, for `Allow`; empty when nothing is mounted there."""
        found = {method for node, _ in self._find(path) for method in node.targets}
        found.discard(SOCKET)
        if "GET" in found:
            found.add("HEAD")
        return sorted(found | {"OPTIONS"}) if found else []

    def route(self, path: str, method: str) -> Route | None:
        """Return the most literal route that answers the method, or None."""
        for wanted in ("HEAD", "GET") if method == "HEAD" else (method,):
            for node, values in self._find(path):
                if target := node.targets.get(wanted):
                    values_by_name = dict(zip(target.parameters, values, strict=True))
                    return Route(target=target, method=wanted, path_params=values_by_name)
        return None

    def _find(self, path: str) -> Iterator[tuple[_Node, tuple[str, ...]]]:
        segments = _segments_of(path)
        if segments is not None:
            yield from _walk(self._root, segments, ())

    def _add(
        self,
        plugin: BoardPlugin,
        template: str,
        methods: Iterable[str],
        permissions: Iterable[str],
    ) -> None:
        parts = template.split("/")[1:]
        node, parameters = self._root, []
        for part in parts:
            if named := _PARAMETER.fullmatch(part):
                parameters.append(named[1])
                node.parameter = node = node.parameter or _Node()
            else:
                node = node.literals.setdefault(part, _Node())
        target = Target(
            plugin=plugin,
            template=template,
            permissions=tuple(permissions),
            parameters=tuple(parameters),
        )
        for method in methods:
            _claim(node, method.upper(), target)


def _claim(node: _Node, method: str, target: Target) -> None:
    holder = node.targets.setdefault(method, target)
    if holder is not target:
        # The registry refuses this at install; should it ever slip through, the first one stays.
        logger.warning(
            "%s %s of plugin %s is already taken by plugin %s",
            method,
            target.template,
            target.plugin.name,
            holder.plugin.name,
        )


def _segments_of(path: str) -> list[str] | None:
    """Split a path, or return None for one that no template may match.

    Dots are refused because a plugin that joins a parameter to a folder of its own should not
    have to remember them.
    """
    if not path.startswith("/") or _UNSAFE.search(path):
        return None
    segments = path.split("/")[1:]
    if len(segments) > MAX_SEGMENTS or "." in segments or ".." in segments:
        return None
    return segments


def _walk(
    node: _Node, segments: list[str], values: tuple[str, ...]
) -> Iterator[tuple[_Node, tuple[str, ...]]]:
    if not segments:
        if node.targets:
            yield node, values
        return
    head, rest = segments[0], segments[1:]
    if head in node.literals:
        yield from _walk(node.literals[head], rest, values)
    if node.parameter is not None and head:
        yield from _walk(node.parameter, rest, (*values, head))
