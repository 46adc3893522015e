"""A budget that refills: so much on average, and so much at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Budget:
    """A token bucket, safe for threads."""

    def __init__(self, *, per_second: float, at_once: float) -> None:
        self._lock = threading.Lock()
        self._per_second = per_second
        self._at_once = at_once
        self._left = at_once
        self._looked = time.monotonic()

    def take(self, amount: float = 1) -> bool:
        """Take so much; False, and nothing taken, when less is left."""
        with self._lock:
            now = time.monotonic()
            earned = (now - self._looked) * self._per_second
            self._left, self._looked = min(self._at_once, self._left + earned), now
            if self._left < amount:
                return False
            self._left -= amount
            return True


class Budgets:
    """One budget for each plugin, made at first use; safe for threads."""

    def __init__(self, per_second: Callable[[], float], *, at_once: float) -> None:
        self._lock = threading.Lock()
        self._per_second = per_second
        #: What a new plugin finds in its budget.
        self.at_once = at_once
        self._budgets: dict[str, Budget] = {}

    def take(self, plugin: str, amount: float = 1) -> bool:
        """Take so much of a plugin's budget; False when less is left."""
        with self._lock:
            if plugin not in self._budgets:
                self._budgets[plugin] = Budget(per_second=self._per_second(), at_once=self.at_once)
            return self._budgets[plugin].take(amount)

    def forget(self) -> None:
        """Give every plugin a new budget."""
        with self._lock:
            self._budgets.clear()
