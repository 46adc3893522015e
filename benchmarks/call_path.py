"""One filter call through the real dispatch, beside a bare socket ping-pong of the same bytes.

Where the scheduler puts the two processes changes both by a factor, so all is measured three
times: wherever they happen to run, both on one core, and on two.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from plugin_runtime.hooks import filters

from . import Result
from ._arena import NOOP, arena
from ._floor import MESSAGE, echo
from ._timing import Measured, take_turns

ROUNDS = 41
CALLS = 400
AIM = "≤ 2.5"


def run() -> list[Result]:
    """Measure floor and dispatch in each placement."""
    with arena() as place, echo() as floor:
        place.install("noop", NOOP)
        place.enable("noop")
        consult = partial(filters.consult, MESSAGE)
        consult()  # the conversation's thread exists from here on
        results: list[Result] = []
        for label, ours, theirs in _placements(sorted(os.sched_getaffinity(0))):
            with _pinned(ours, theirs, (floor.pid, place.supervisor.pids["noop"])):
                compared: dict[str, Measured] = {"floor": floor.calls[0], "call": consult}
                series = take_turns(compared, rounds=ROUNDS, calls=CALLS)
            bare, call = series["floor"], series["call"]
            results += [
                Result(name=f"floor, p50, {label}", value=bare.p50, unit="µs"),
                Result(name=f"floor, p99, {label}", value=bare.p99, unit="µs"),
                Result(name=f"no-op message_sent, p50, {label}", value=call.p50, unit="µs"),
                Result(name=f"no-op message_sent, p99, {label}", value=call.p99, unit="µs"),
                Result(
                    name=f"ratio at p50, {label}",
                    value=call.times(bare),
                    unit="times floor",
                    aim=AIM,
                ),
            ]
        return results


def _placements(cores: list[int]) -> list[tuple[str, set[int], set[int]]]:
    one, last = {cores[0]}, {cores[-1]}
    # First, because threads stay for a while where they were last pinned to.
    placements = [("unpinned", set(cores), set(cores)), ("one core", one, one)]
    return [*placements, ("two cores", one, last)] if len(cores) > 1 else placements


@contextmanager
def _pinned(ours: set[int], theirs: set[int], peers: tuple[int, ...]) -> Iterator[None]:
    """Keep this thread and the peers, with all threads they have or start, on these cores."""
    before = os.sched_getaffinity(0)
    for pid in peers:
        for thread in os.listdir(f"/proc/{pid}/task"):
            os.sched_setaffinity(int(thread), theirs)
    os.sched_setaffinity(0, ours)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
