"""The worker's sign of life: one time in the cache, written by a task, read by health."""

from __future__ import annotations

import time

from django.core.cache import cache

KEY = "worker-heartbeat"
#: Three missed turns of beat and some patience for a busy worker.
STALE_AFTER_SECONDS = 45


def beat() -> None:
    """Write the current time; it vanishes by itself when nobody writes again."""
    cache.set(KEY, time.time(), timeout=STALE_AFTER_SECONDS)


def is_fresh() -> bool:
    """Return whether a worker ran the heartbeat lately; an unreachable cache raises."""
    return cache.get(KEY) is not None
