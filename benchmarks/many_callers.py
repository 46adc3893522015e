"""Eight threads call one plugin at once, beside eight threads on eight bare sockets.

Once with handlers that return at once, where both sides share two interpreters' locks; once
with handlers that wait, where only a dispatch without queues keeps all eight waiting at once.
"""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial

from plugin_runtime import conversations

from . import Result
from ._arena import NOOP, Arena, arena
from ._floor import MESSAGE, echo

CALLERS = 8
ROUNDS = 7
ROUND_SECONDS = 0.5
WAIT_SECONDS = 0.002
WAITING = f"""
    import time
    from plexichat_plugin_sdk import Plugin, hook

    class Waiting(Plugin):
        @hook("message_sent")
        def allow(self, message) -> None:
            time.sleep({WAIT_SECONDS})
"""


def run() -> list[Result]:
    """Measure both kinds of handlers."""
    with arena() as place:
        return [
            *_compare(place, "noop", NOOP, pause_seconds=0),
            *_compare(place, "waiting", WAITING, pause_seconds=WAIT_SECONDS),
        ]


def _compare(place: Arena, name: str, code: str, *, pause_seconds: float) -> list[Result]:
    place.install(name, code)
    place.enable(name)
    call = partial(conversations.call, name, "filter", "message_sent", MESSAGE, deadline_ms=10_000)
    floors, calls = [], []
    with echo(lines=CALLERS, pause_seconds=pause_seconds) as floor:
        for _ in range(ROUNDS):
            floors.append(_per_second(floor.calls))
            calls.append(_per_second([call] * CALLERS))
    share = statistics.median(c / f for c, f in zip(calls, floors, strict=True))
    label = f"{CALLERS} callers, {name}"
    return [
        Result(name=f"floor, {label}", value=statistics.median(floors), unit="calls/s"),
        Result(name=f"sandboxed, {label}", value=statistics.median(calls), unit="calls/s"),
        Result(name=f"share of the floor's rate, {label}", value=share, unit="times floor"),
    ]


def _per_second(calls: Sequence[Callable[[], object]]) -> float:
    """Let a thread per function call it for one round; return all their calls per second."""
    together = threading.Barrier(len(calls) + 1)
    is_over = threading.Event()
    counts = [0] * len(calls)

    def work(at: int) -> None:
        call = calls[at]
        together.wait()
        while not is_over.is_set():
            call()
            counts[at] += 1

    threads = [threading.Thread(target=work, args=(at,)) for at in range(len(calls))]
    for thread in threads:
        thread.start()
    together.wait()
    began = time.perf_counter()
    is_over.wait(ROUND_SECONDS)
    is_over.set()
    took = time.perf_counter() - began
    for thread in threads:
        thread.join()
    return sum(counts) / took
