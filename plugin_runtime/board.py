"""The board: what this process knows about plugins, in memory, fresh without asking.

It is read anew by the next caller after the registry has changed. While this process hears of
changes (`news`), nothing here queries the database when nothing has changed. While no supervisor
answers, each use costs one small query: better than a filter that is passed over.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

from plugins_registry import queries
from plugins_registry.queries import Board

from . import news


class _Copy:
    """This process's copy of the board."""

    def __init__(self) -> None:
        self.board: Board | None = None
        #: What the news said when it was read; None when there were none.
        self.mark: int | None = None
        self.listeners: list[Callable[[Board], None]] = []
        self.lock = threading.Lock()


_copy = _Copy()


def _after_fork() -> None:
    global _copy
    _copy = _Copy()


os.register_at_fork(after_in_child=_after_fork)


def current() -> Board:
    """Return what is known now; one look at the registry only when it has changed."""
    mark, board = _copy.mark, _copy.board
    if mark is None or board is None or mark != news.mark():
        return refresh()
    return board


def refresh() -> Board:
    """Compare with the registry (one small query) and read the board anew if it has moved on."""
    copy = _copy
    with copy.lock:
        mark = news.mark()  # before reading: a change meanwhile makes the copy look old, never new
        copy.mark = None
        if copy.board is not None and queries.generation() == copy.board.generation:
            copy.mark = mark
            return copy.board
        board = queries.board()
        copy.board, copy.mark = board, mark
    for listener in copy.listeners:
        listener(board)
    return board


def on_change(listener: Callable[[Board], None]) -> None:
    """Call the listener with each new board, in the thread that read it."""
    _copy.listeners.append(listener)


def forget() -> None:
    """Drop what is known; the next use reads the registry. For tests that swap databases."""
    _copy.board, _copy.mark = None, None
    news.forget()
