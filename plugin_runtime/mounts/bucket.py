"""A token bucket that makes its caller wait instead of refusing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]


class Bucket:
    """Lets `burst` tokens pass at once and `per_second` in the long run."""

    def __init__(
        self,
        per_second: float,
        burst: float,
        *,
        clock: Clock = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._per_second = per_second
        self._burst = burst
        self._clock = clock
        self._sleep = sleep
        self._tokens = burst
        self._filled = clock()

    async def take(self, tokens: float) -> None:
        """Take tokens, into debt if need be, and sleep until the debt is paid."""
        now = self._clock()
        gained = (now - self._filled) * self._per_second
        self._tokens = min(self._burst, self._tokens + gained) - tokens
        self._filled = now
        if self._tokens < 0:
            await self._sleep(-self._tokens / self._per_second)
