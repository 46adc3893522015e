"""Which plugins are asked for a filter, in which order: compiled once per board."""

from __future__ import annotations

from plugin_runtime import board as boards
from plugin_runtime.conf import conf
from plugins_registry.queries import Board, BoardPlugin


class _Order:
    """The subscribers of each hook, kept until the board changes."""

    def __init__(self) -> None:
        self._board: Board | None = None
        self._subscribers: dict[str, tuple[BoardPlugin, ...]] = {}
        #: Whether also those filters leave a trace who let a message pass. Kept here because
        #: Django looks a setting that is not set up the long way, each time.
        self.keeps_all = False

    def of(self, hook: str) -> tuple[BoardPlugin, ...]:
        board = boards.current()
        if board is not self._board:
            self._subscribers = _compile(board)
            self._board = board
            self.keeps_all = conf.traces_all
        return self._subscribers.get(hook, ())


def _compile(board: Board) -> dict[str, tuple[BoardPlugin, ...]]:
    subscribers: dict[str, list[BoardPlugin]] = {}
    for plugin in board.plugins:  # already sorted by priority, then name
        for hook, _ in plugin.hooks:
            subscribers.setdefault(hook, []).append(plugin)
    return {hook: tuple(plugins) for hook, plugins in subscribers.items()}


order = _Order()
subscribers = order.of
