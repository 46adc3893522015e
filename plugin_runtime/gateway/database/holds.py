"""What a line holds: a plugin's transaction, with the clock running.

A line is attended by a thread of its own, which waits for the plugin most of the time; so a
second thread looks after transactions that take too long and rolls them back.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter

from . import limits
from .chunks import Rows
from .store import DatabaseRefusal, Session

logger = logging.getLogger(__name__)

_LOOK_SECONDS = 0.5
#: The thread ends when it found nothing so many times in a row.
_LOOKS_BEFORE_LEAVING = 60


class Hold:
    """One transaction of one plugin, kept with its line until it is committed or rolled back."""

    def __init__(self, plugin: str, session: Session) -> None:
        self.plugin = plugin
        self.session = session
        #: What is left of the last result.
        self.rows: Rows | None = None
        #: The grants that the last result was made with.
        self.grants: frozenset[str] = frozenset()
        self._lock = threading.Lock()
        self._began = self._used = time.monotonic()
        self._ended_because = ""
        _keeper.add(self)

    def __enter__(self) -> float:
        """Use the session for one question; gives the seconds that are left for it.

        Raises `DatabaseRefusal` when the transaction was ended meanwhile.
        """
        self._lock.acquire()
        if self._ended_because:
            self._lock.release()
            raise DatabaseRefusal("OperationalError", self._ended_because)
        return max(0.0, min(limits.current().statement_seconds, self._left()))

    def __exit__(self, *error: object) -> None:
        self._used = time.monotonic()
        self._lock.release()

    def close(self) -> None:
        """Roll back whatever is open and give the session back."""
        _keeper.remove(self)
        with self._lock:
            self.rows = None
            self.session.close()

    def end_if_overdue(self) -> None:
        """Roll back when the time is over; a question that runs now has a deadline of its own."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            reason = self._overdue()
            if reason and not self._ended_because:
                self._ended_because = reason
                self.rows = None
                self.session.rollback()
        finally:
            self._lock.release()

    def _left(self) -> float:
        return self._began + limits.current().transaction_seconds - time.monotonic()

    def _overdue(self) -> str:
        if self._left() <= 0:
            return f"the transaction took longer than {limits.current().transaction_seconds:g} s"
        if time.monotonic() - self._used > limits.current().idle_seconds:
            return f"the transaction did nothing for {limits.current().idle_seconds:g} s"
        return ""


class _Keeper:
    """All holds of this process, counted by plugin; its thread lives while there are any."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._holds: set[Hold] = set()
        self._counts: Counter[str] = Counter()
        self._is_looking = False

    def admit(self, plugin: str) -> None:
        with self._changed:
            most = limits.current().connections
            if self._counts[plugin] >= most:
                raise DatabaseRefusal(
                    "OperationalError",
                    f"the plugin has {most} transactions open; commit, roll back "
                    "or close one first",
                )
            self._counts[plugin] += 1

    def dismiss(self, plugin: str) -> None:
        with self._changed:
            self._counts[plugin] -= 1
            if not self._counts[plugin]:
                del self._counts[plugin]

    def add(self, hold: Hold) -> None:
        with self._changed:
            self._holds.add(hold)
            if not self._is_looking:
                self._is_looking = True
                threading.Thread(target=self._look, name="plugin-transactions", daemon=True).start()

    def current(self) -> list[Hold]:
        with self._changed:
            return list(self._holds)

    def remove(self, hold: Hold) -> None:
        with self._changed:
            if hold in self._holds:
                self._holds.discard(hold)
                self.dismiss(hold.plugin)

    def _look(self) -> None:
        found_nothing = 0
        while True:
            with self._changed:
                self._changed.wait(_LOOK_SECONDS)
                holds = list(self._holds)
                found_nothing = 0 if holds else found_nothing + 1
                if found_nothing > _LOOKS_BEFORE_LEAVING:
                    self._is_looking = False
                    return
            for hold in holds:
                _end_if_overdue(hold)


def _end_if_overdue(hold: Hold) -> None:
    try:
        hold.end_if_overdue()
    except Exception:  # a wall: one broken connection must not keep the others from their end
        logger.exception("a plugin's transaction could not be ended", extra={"plugin": hold.plugin})


_keeper = _Keeper()
admit = _keeper.admit
current = _keeper.current
dismiss = _keeper.dismiss
