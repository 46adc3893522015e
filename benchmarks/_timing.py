"""Fair timing: whatever is compared takes turns, in rounds short enough to share the weather.

On shared machines the same code runs at two speeds, for seconds each, as a neighbour comes and
goes. Measured one after the other, two things may meet different speeds; in short alternating
rounds both meet both, and the ratio within a round says more than the ratio of two medians.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Measured = Callable[[], object]


@dataclass(frozen=True, kw_only=True)
class Series:
    """What one of the compared things took, round by round, in microseconds."""

    p50s: list[float]
    p99s: list[float]

    @property
    def p50(self) -> float:
        """The median round's median."""
        return statistics.median(self.p50s)

    @property
    def p99(self) -> float:
        """The median round's 99th percentile."""
        return statistics.median(self.p99s)

    def times(self, floor: Series) -> float:
        """How many floors this is: the median of the rounds' own ratios."""
        return statistics.median(a / b for a, b in zip(self.p50s, floor.p50s, strict=True))


def take_turns(compared: Mapping[str, Measured], *, rounds: int, calls: int) -> dict[str, Series]:
    """Time each so many calls per round, in alternating order, after one round to warm up."""
    series = {name: Series(p50s=[], p99s=[]) for name in compared}
    for name in compared:
        _percentiles(compared[name], calls)
    for number in range(rounds):
        for name in list(compared)[:: 1 if number % 2 else -1]:
            p50, p99 = _percentiles(compared[name], calls)
            series[name].p50s.append(p50)
            series[name].p99s.append(p99)
    return series


def _percentiles(measured: Measured, calls: int) -> tuple[float, float]:
    times = []
    for _ in range(calls):
        began = time.perf_counter()
        measured()
        times.append(time.perf_counter() - began)
    times.sort()
    return times[calls // 2] * 1e6, times[calls * 99 // 100] * 1e6
