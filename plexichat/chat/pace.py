"""How fast one user may post: a bucket of tokens per user, in the memory of this process.

It costs no query and no round trip. Each process has its own buckets, so with several web
processes a user who reaches them all may post that many times as fast: enough against floods.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Final

from plexichat.chat.conf import chat_settings
from plexichat.chat.exceptions import TooFast

#: A quick writer, or a client that reconnects, sends several at once: so many seconds' worth.
BURST_SECONDS: Final = 5
#: Users remembered; who posted longest ago is forgotten first, and begins with a full bucket.
_USERS: Final = 10_000
_PERIODS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


class Pace:
    """The buckets of all users."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        #: Tokens left, and when that was so; who was seen last is at the end.
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, user: Hashable, rate: str) -> None:
        """Take one token of a user's; raise `TooFast` when there is none."""
        per_second, burst = parsed(rate)
        now = self._clock()
        with self._lock:
            left, at = self._buckets.pop(user, (burst, now))
            left = min(burst, left + (now - at) * per_second)
            taken = left >= 1
            self._buckets[user] = (left - taken, now)
            if len(self._buckets) > _USERS:
                self._buckets.popitem(last=False)
        if not taken:
            raise TooFast((1 - left) / per_second)


def parsed(rate: str) -> tuple[float, float]:
    """Return what `20/s` allows: tokens a second, and how many at once."""
    count, _, period = rate.partition("/")
    per_second = int(count) / _PERIODS[period[0]]
    return per_second, max(float(count), per_second * BURST_SECONDS)


def check(user: Hashable) -> None:
    """Count one message that a user sends or edits; raise `TooFast` when it is one too many."""
    _pace.take(user, chat_settings.post_rate)


_pace = Pace()
