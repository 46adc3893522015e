"""Where requests are counted: in the shared cache, or in this process while that one is away.

A rate limit is there against floods. It must not refuse everybody, or answer 500, because the
server it counts in is being restarted: until that is back, each process counts for itself.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from django.core.cache import cache
from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.core.cache.backends.locmem import LocMemCache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

#: How long a shared cache that failed is left alone: a server that hangs costs each look seconds.
AWAY_SECONDS: Final = 5.0
#: Counts that are kept here; the least used go first.
_ENTRIES: Final = 20_000


class Counts(BaseCache):
    """A cache for DRF's throttles that always answers; it knows no more than they use."""

    def __init__(self, shared: BaseCache, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__({})
        self._shared = shared
        self._own = LocMemCache("counts", {"OPTIONS": {"MAX_ENTRIES": _ENTRIES}})
        self._clock = clock
        self._away_until = 0.0
        self._lock = threading.Lock()

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        """Return what was counted under this key."""
        return self._answer(lambda cache: cache.get(key, default, version))

    def set(
        self,
        key: Any,
        value: Any,
        timeout: float | None = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> None:
        """Remember a count for so many seconds."""
        self._answer(lambda cache: cache.set(key, value, timeout, version))

    def _answer(self, ask: Callable[[BaseCache], Any]) -> Any:
        if self._clock() >= self._away_until:
            try:
                return ask(self._shared)
            except (RedisError, OSError) as error:
                self._note_away(error)
        return ask(self._own)

    def _note_away(self, error: Exception) -> None:
        with self._lock:
            if self._clock() < self._away_until:  # another thread has said so already
                return
            self._away_until = self._clock() + AWAY_SECONDS
        logger.warning(
            "the shared cache is away; each process counts requests for itself",
            extra={"error": f"{type(error).__name__}: {error}"[:200]},
        )


counts: Final = Counts(cache)
