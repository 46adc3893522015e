"""News: how this process hears that the registry has changed, and copies that know when they end.

One thread per process listens to the switchboard. It counts each piece of news *before* it
acknowledges it, so that once the supervisor has called a change settled nobody uses what was
read before. While no supervisor answers, whoever keeps copies compares generations instead: one
small query for each use.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar
from weakref import WeakSet

from django.db import connections

from plexichat_plugin_sdk._wire.framing import WireClosed, set_deadline
from plugins_registry import queries

from .exceptions import SwitchboardUnreachable
from .switchboard import client
from .switchboard.protocol import Changed, Seen, Watch

logger = logging.getLogger(__name__)

#: The pause between two attempts to reach the switchboard.
RECONNECT_SECONDS = 1.0

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class _Ear:
    """This process's thread that listens, and how much it has heard."""

    def __init__(self, *, heard: int = 0) -> None:
        #: Counts what was heard. The number means nothing, except that it was another one before.
        self.heard = heard
        #: Whether changes are announced to this process at the moment.
        self.is_listening = False
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def ensure_listening(self) -> None:
        """Start the thread, once."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._listen, name="news", daemon=True)
                self._thread.start()

    def count(self) -> None:
        """End every copy that was made until now."""
        with self._lock:
            self.heard += 1

    def _listen(self) -> None:
        pause = threading.Event()
        while True:
            with contextlib.suppress(OSError, WireClosed, SwitchboardUnreachable):
                self._listen_until_lost()
            self.is_listening = False
            pause.wait(RECONNECT_SECONDS)

    def _listen_until_lost(self) -> None:
        connection = client.connect()
        with connection:
            set_deadline(connection, 0)
            client.send(connection, Watch())
            while True:
                change, _ = client.receive(connection)
                if isinstance(change, Changed):
                    # Counted before it is acknowledged: from here on nobody uses the old copies.
                    self.count()
                    self.is_listening = True
                    _tell()
                    client.send(connection, Seen(change.generation))


_ear = _Ear()
_listeners: list[Callable[[], None]] = []


def _after_fork() -> None:
    """Begin anew: threads do not live on in a child, but locks they held would stay locked."""
    global _ear
    _ear = _Ear(heard=_ear.heard)  # goes on counting, so that no old mark ever fits again
    for copies in list(_copies):
        copies.begin()


os.register_at_fork(after_in_child=_after_fork)


def mark() -> int | None:
    """Return what a copy made now can be compared with later; None while nobody brings news.

    A copy still holds if its mark is not None and equals the mark of now. Take the mark before
    reading, so that a change in between makes the copy look old, never new.
    """
    ear = _ear
    if ear.is_listening:
        return ear.heard
    ear.ensure_listening()
    return None


def on_change(listener: Callable[[], None]) -> None:
    """Call the listener after each change, in the listening thread and before it is settled.

    The listener must be quick: settling waits for it.
    """
    _ear.ensure_listening()
    if listener not in _listeners:
        _listeners.append(listener)


def note() -> None:
    """End every copy of this process, as if there had been news: the change was made here."""
    _ear.count()


def forget() -> None:
    """Drop what every copy holds. For tests that swap databases."""
    _ear.count()
    for copies in list(_copies):
        copies.clear()


def is_listening() -> bool:
    """Whether changes are announced to this process at the moment."""
    return _ear.is_listening


def _tell() -> None:
    for listener in list(_listeners):
        try:
            listener()
        except Exception:  # a wall: the news must reach the others, and be acknowledged
            logger.exception("a listener to the registry's news failed")
    if _listeners:
        connections.close_all()  # this thread waits for a long time now


class Copies(Generic[Key, Value]):
    """Values that are read from the registry once, and again only after something has changed.

    Safe for threads. At most so many are kept; those that were used last stay.
    """

    def __init__(self, read: Callable[[Key], Value | None], *, most: int) -> None:
        self._read = read
        self._most = most
        self.begin()
        _copies.add(self)

    def begin(self) -> None:
        """Start with nothing, and with a lock that nobody holds."""
        self._lock = threading.Lock()
        self._kept: OrderedDict[Key, Value] = OrderedDict()
        #: What holds for all that is kept: a mark, or a generation while there is none.
        self._since: object = None

    def get(self, key: Key) -> Value | None:
        """Return the value; no query while nothing has changed. None is read anew each time."""
        since = self._renewed()
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        value = self._read(key)
        if value is not None:
            self._keep(key, value, since)
        return value

    def clear(self) -> None:
        """Let go of everything."""
        with self._lock:
            self._kept.clear()
            self._since = None

    def _renewed(self) -> object:
        """Let go of everything if something has changed; return what holds now."""
        now: object = mark()
        if now is None:
            now = ("generation", queries.generation())
        if now != self._since:
            with self._lock:
                self._kept.clear()
                self._since = now
        return now

    def _keep(self, key: Key, value: Value, since: object) -> None:
        with self._lock:
            if since != self._since:
                return  # read before a change that another thread has noticed meanwhile
            self._kept[key] = value
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)


_copies: WeakSet[Copies[Any, Any]] = WeakSet()
