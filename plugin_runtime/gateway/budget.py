"""A budget that refills: so much on average, and so much at once."""

from __future__ import annotations

import threading
import time


class Budget:
    """A token bucket, safe for threads."""

    def __init__(self, *, per_second: float, at_once: float) -> None:
        self._lock = threading.Lock()
        self._per_second = per_second
        self._at_once = at_once
        self._left = at_once
        self._looked = time.monotonic()

    def take(self) -> bool:
        """Take one; False when nothing is left."""
        with self._lock:
            now = time.monotonic()
            earned = (now - self._looked) * self._per_second
            self._left, self._looked = min(self._at_once, self._left + earned), now
            if self._left < 1:
                return False
            self._left -= 1
            return True
