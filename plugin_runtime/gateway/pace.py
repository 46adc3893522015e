"""The pace of one plugin's questions: how much of a processor it may make its host use.

A question costs the host many times what it costs the plugin to ask, so a plugin that asks in a
loop would get around its own processor limit. What it makes us use is measured, not counted:
dear questions, and frames that are dear to read, weigh what they weigh.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

#: Of one processor, in the long run.
SHARE = 0.25
#: Processor time that a plugin may use at once after it was quiet; a thousand questions or so.
BURST_SECONDS = 1.0


class Pace:
    """One plugin's account of processor seconds; safe for the threads of its lines."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        share: float = SHARE,
        burst_seconds: float = BURST_SECONDS,
    ) -> None:
        self._lock = threading.Lock()
        self._clock = clock
        self._share = share
        self._burst = self._balance = burst_seconds
        self._settled = clock()

    def charge(self, used_seconds: float) -> float:
        """Take what was used off the account; return how many seconds to wait before going on."""
        with self._lock:
            now = self._clock()
            earned = (now - self._settled) * self._share
            self._balance = min(self._burst, self._balance + earned) - used_seconds
            self._settled = now
            return max(0.0, -self._balance / self._share)
