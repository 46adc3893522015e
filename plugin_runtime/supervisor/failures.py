"""How often a plugin may fail: a pure decision, so that tests need no clock."""

from __future__ import annotations

from collections import deque

#: Three failures within ten minutes, as Mattermost counts crashes within an hour; chat users
#: notice a broken filter sooner than that.
FAILURES_BEFORE_QUARANTINE = 3
WINDOW_SECONDS = 600.0
#: The pause after the first and the second failure within the window.
PAUSES_SECONDS = (1.0, 3.0)


class Failures:
    """The recent failures of one plugin."""

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=FAILURES_BEFORE_QUARANTINE)

    def record(self, now: float) -> float | None:
        """Note a failure; return the pause in seconds before the next try, None for quarantine."""
        self._times.append(now)
        recent = [time for time in self._times if now - time <= WINDOW_SECONDS]
        if len(recent) >= FAILURES_BEFORE_QUARANTINE:
            return None
        return PAUSES_SECONDS[len(recent) - 1]

    def forgive(self) -> None:
        """Start counting anew: an admin has asked for another try."""
        self._times.clear()
