"""The route table of this moment, compiled once per board."""

from __future__ import annotations

from plugin_runtime import board as boards
from plugins_registry.queries import Board

from .routes import Route, RouteTable


class _Kept:
    """The last compiled table, and the board it was compiled from."""

    def __init__(self) -> None:
        # One attribute, so that threads see a pair that belongs together.
        self._pair: tuple[Board, RouteTable] | None = None

    def table_of(self, board: Board) -> RouteTable:
        """Return the board's table; compiles it when the board is another than last time."""
        pair = self._pair
        if pair is None or pair[0] is not board:
            pair = self._pair = (board, RouteTable(board))
        return pair[1]


_kept = _Kept()


def table() -> RouteTable:
    """Return the current table. In memory unless plugins have changed; then one query."""
    return _kept.table_of(boards.current())


def find(path: str, method: str) -> Route | None:
    """Return the route of a path, or None.

    Before it says "nothing there" or "not running" the board is compared with the registry, so
    that a plugin enabled a moment ago answers its first request.
    """
    route = table().route(path, method)
    if route is not None and is_active(route):
        return route
    return _kept.table_of(boards.refresh()).route(path, method)


def methods(path: str) -> list[str]:
    """Return what a path answers, for `Allow`; empty when nothing is mounted there."""
    return table().methods(path)


def is_active(route: Route) -> bool:
    """Whether the route's plugin is running."""
    return route.target.plugin.state == "active"
