"""Which plugins are asked for a filter, in which order: compiled once per board."""

from __future__ import annotations

from plugin_runtime import board as boards
from plugins_registry.queries import Board, BoardPlugin


class _Order:
    """The subscribers of each hook, kept until the board changes."""

    def __init__(self) -> None:
        self._board: Board | None = None
        self._subscribers: dict[str, tuple[BoardPlugin, ...]] = {}

    def of(self, hook: str) -> tuple[BoardPlugin, ...]:
        board = boards.current()
        if board is not self._board:
            self._subscribers = _compile(board)
            self._board = board
        return self._subscribers.get(hook, ())


def _compile(board: Board) -> dict[str, tuple[BoardPlugin, ...]]:
    subscribers: dict[str, list[BoardPlugin]] = {}
    for plugin in board.plugins:  # already sorted by priority, then name
        for hook, _ in plugin.hooks:
            subscribers.setdefault(hook, []).append(plugin)
    return {hook: tuple(plugins) for hook, plugins in subscribers.items()}


_order = _Order()
subscribers = _order.of
