"""How many WebSockets are open in this process, by plugin and by user."""

from __future__ import annotations

import threading
from collections import Counter

from .conf import conf


class Census:
    """Counts open sockets; two limits, none of them per node."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_plugin: Counter[str] = Counter()
        self._by_user: Counter[tuple[str, str]] = Counter()

    def enter(self, plugin: str, user_id: str) -> bool:
        """Count one more socket; False, and nothing counted, when it would be one too many."""
        with self._lock:
            if self._by_plugin[plugin] >= conf.sockets_per_plugin:
                return False
            if self._by_user[plugin, user_id] >= conf.sockets_per_user:
                return False
            self._by_plugin[plugin] += 1
            self._by_user[plugin, user_id] += 1
            return True

    def leave(self, plugin: str, user_id: str) -> None:
        """Count one socket less."""
        with self._lock:
            self._by_plugin -= Counter([plugin])  # also forgets names that reach zero
            self._by_user -= Counter([(plugin, user_id)])

    def total(self) -> int:
        """Return how many sockets are open."""
        return self._by_plugin.total()


census = Census()
