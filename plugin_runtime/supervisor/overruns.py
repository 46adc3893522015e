"""Calls that outlive their deadline: when is it the plugin's end?"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from plexichat_plugin_sdk._wire.control import RunningCall

#: The plugin itself says which calls still run, and a hostile one may lie; this many missed
#: deadlines within the window end it whatever it says.
OVERRUN_LIMIT = 5
OVERRUN_WINDOW_SECONDS = 60.0


class Overruns:
    """The recently missed deadlines of one sandbox."""

    limit = OVERRUN_LIMIT
    window = OVERRUN_WINDOW_SECONDS

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=OVERRUN_LIMIT)

    def record(self, now: float) -> bool:
        """Note a missed deadline; True when there have been too many."""
        self._times.append(now)
        return len(self._times) == self.limit and now - self._times[0] <= self.window


def stuck_call(calls: Sequence[RunningCall], *, grace_seconds: float) -> str | None:
    """Return a sentence on the first call that runs beyond its deadline and the grace."""
    for call in calls:
        late_ms = call.running_ms - call.deadline_ms
        if call.deadline_ms and late_ms >= grace_seconds * 1000:
            return (
                f"{call.target!r} still ran {late_ms / 1000:.1f} s "
                f"after its deadline of {call.deadline_ms / 1000:g} s"
            )
    return None
