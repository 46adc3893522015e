"""The board: what this process knows about plugins, in memory, fresh without asking.

One thread per process listens to the switchboard and marks the board stale when the registry
changes; the next caller reads it anew. While the switchboard is being listened to, nothing here
queries the database when nothing has changed. While no supervisor answers, each use costs one
small query: better than a filter that is passed over.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections.abc import Callable

from plexichat_plugin_sdk._wire.framing import WireClosed, set_deadline
from plugins_registry import queries
from plugins_registry.queries import Board

from .exceptions import SwitchboardUnreachable
from .switchboard import client
from .switchboard.protocol import Changed, Seen, Watch

logger = logging.getLogger(__name__)

#: The pause between two attempts to reach the switchboard.
RECONNECT_SECONDS = 1.0


class _Watcher:
    """This process's copy of the board, and the thread that knows when it is stale."""

    def __init__(self) -> None:
        self.board: Board | None = None
        self.is_stale = True
        #: Whether changes are announced to this process at the moment.
        self.is_listening = False
        self.listeners: list[Callable[[Board], None]] = []
        self.lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def ensure_listening(self) -> None:
        """Start the thread, once."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._listen, name="board", daemon=True)
            self._thread.start()

    def _listen(self) -> None:
        pause = threading.Event()
        while True:
            with contextlib.suppress(OSError, WireClosed, SwitchboardUnreachable):
                self._watch_until_lost()
            self.is_listening = False
            pause.wait(RECONNECT_SECONDS)

    def _watch_until_lost(self) -> None:
        connection = client.connect()
        with connection:
            set_deadline(connection, 0)
            client.send(connection, Watch())
            while True:
                change, _ = client.receive(connection)
                if isinstance(change, Changed):
                    # Marked before it is acknowledged: from here on nobody uses the old board.
                    self.is_stale = self.is_listening = True
                    client.send(connection, Seen(change.generation))


_watcher = _Watcher()


def _after_fork() -> None:
    global _watcher
    _watcher = _Watcher()


os.register_at_fork(after_in_child=_after_fork)


def current() -> Board:
    """Return what is known now; one look at the registry only when it has changed."""
    watcher = _watcher
    if watcher.is_stale or watcher.board is None or not watcher.is_listening:
        watcher.ensure_listening()
        return refresh()
    return watcher.board


def refresh() -> Board:
    """Compare with the registry (one small query) and read the board anew if it has moved on."""
    watcher = _watcher
    with watcher.lock:
        watcher.is_stale = False
        try:
            if watcher.board is not None and queries.generation() == watcher.board.generation:
                return watcher.board
            watcher.board = queries.board()
        except BaseException:
            watcher.is_stale = True
            raise
        board = watcher.board
    for listener in watcher.listeners:
        listener(board)
    return board


def on_change(listener: Callable[[Board], None]) -> None:
    """Call the listener with each new board, in the thread that read it."""
    _watcher.listeners.append(listener)


def forget() -> None:
    """Drop what is known; the next use reads the registry. For tests that swap databases."""
    _watcher.board = None
    _watcher.is_stale = True
