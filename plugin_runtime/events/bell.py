"""The bell: wakes a worker for a plugin's queue, not more often than is of use.

A task drains a whole queue, so of a burst of events the first rings at once and all that follow
within the pause share one late ring. A ring that is lost is made good by the sweep.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable

from celery import current_app
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)

DELIVER_TASK = "plugin_runtime.deliver"
PAUSE_SECONDS = 0.05


class Bell:
    """Rings of this process, remembered per plugin."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        #: When the latest ring of each plugin takes effect.
        self._effective: dict[str, float] = {}

    def ring(self, plugins: Iterable[str]) -> None:
        """Have the queues of these plugins drained soon; never raises for a broker that is away."""
        for plugin in plugins:
            delay = self._delay(plugin)
            if delay is not None:
                _send(plugin, delay)

    def _delay(self, plugin: str) -> float | None:
        """Return the seconds until this ring shall take effect; None when one is on its way."""
        now = time.monotonic()
        with self._lock:
            latest = self._effective.get(plugin, 0.0)
            if latest > now:
                return None
            delay = 0.0 if now - latest >= PAUSE_SECONDS else PAUSE_SECONDS
            self._effective[plugin] = now + delay
            return delay


def _send(plugin: str, delay: float) -> None:
    try:
        current_app.send_task(DELIVER_TASK, (plugin,), countdown=delay or None, retry=False)
    except (OperationalError, OSError):
        logger.warning("the broker is away; the sweep will deliver", extra={"plugin": plugin})


ring = Bell().ring
