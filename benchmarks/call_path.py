"""One filter call through the real dispatch, beside a bare socket ping-pong of the same bytes.

The floor: two processes, one blocking stream socketpair, a length prefix, the same payload as
MessagePack bytes echoed unread. Both peers are pinned, first to one core, then to two, since
where the scheduler puts them changes both by a factor. Rounds alternate; medians are compared.
"""

from __future__ import annotations

import os
import socket
import statistics
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec

from plugin_runtime.hooks import filters

from . import Result
from ._arena import arena

ROUNDS = 9
CALLS = 1500
MESSAGE = {
    "message_id": "pX3vGmW8yqJk2LrN",
    "user_id": "u7TnB4cZs9QaE1Hd",
    "channel_id": "cK5fR8wYx2MjP6Lg",
    "content": "The quick brown fox jumps over the lazy dog, and nobody minds at all. " * 2,
    "timestamp": "2026-01-01T12:00:00.000000+00:00",
    "message_type": "text",
    "metadata": {},
}
NOOP = """
    from plexichat_plugin_sdk import Plugin, hook

    class Noop(Plugin):
        @hook("message_sent")
        def allow(self, message) -> None:
            pass
"""
_ECHO = """
import socket, struct, sys
peer = socket.socket(fileno=int(sys.argv[1]))
while True:
    data = peer.recv(8192)
    if not data:
        break
    peer.sendall(data)
"""


def run() -> list[Result]:
    """Measure floor and dispatch on one core and on two."""
    results: list[Result] = []
    with arena() as place, _echo_peer() as (echo, floor_call):
        place.install("noop", NOOP)
        place.enable("noop")
        sandbox = place.supervisor.pids["noop"]
        cores = sorted(os.sched_getaffinity(0))
        for label, ours, theirs in _placements(cores):
            filters.consult(MESSAGE)  # the conversation's thread exists from here on
            for pid in (echo, sandbox):
                _pin(pid, theirs)
            os.sched_setaffinity(0, {ours})
            try:
                results += _compare(label, floor_call)
            finally:
                os.sched_setaffinity(0, set(cores))
    return results


def _placements(cores: list[int]) -> list[tuple[str, int, int]]:
    placements = [("one core", cores[0], cores[0])]
    if len(cores) > 1:
        placements.append(("two cores", cores[0], cores[1]))
    return placements


def _pin(pid: int, core: int) -> None:
    """Keep a process on one core, with the threads it has and those it will start."""
    for thread in os.listdir(f"/proc/{pid}/task"):
        os.sched_setaffinity(int(thread), {core})


def _compare(label: str, floor_call: Callable[[], object]) -> list[Result]:
    def dispatch() -> object:
        return filters.consult(MESSAGE)

    floors, calls, tails = [], [], []
    for _ in range(ROUNDS):
        floors.append(_percentiles(floor_call)[0])
        median, tail = _percentiles(dispatch)
        calls.append(median)
        tails.append(tail)
    floor, call = statistics.median(floors), statistics.median(calls)
    ratio = statistics.median(c / f for c, f in zip(calls, floors, strict=True))
    return [
        Result(name=f"floor, p50, {label}", value=floor, unit="µs"),
        Result(name=f"sandboxed no-op message_sent, p50, {label}", value=call, unit="µs"),
        Result(name=f"the same, p99, {label}", value=statistics.median(tails), unit="µs"),
        Result(name=f"ratio at p50, {label}", value=ratio, unit="times floor", aim="≤ 2.5"),
    ]


def _percentiles(call: Callable[[], object]) -> tuple[float, float]:
    times = []
    for _ in range(CALLS):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    times.sort()
    return times[CALLS // 2] * 1e6, times[CALLS * 99 // 100] * 1e6


@contextmanager
def _echo_peer() -> Iterator[tuple[int, Callable[[], object]]]:
    """A bare echoing process and the function that calls it once."""
    ours, theirs = socket.socketpair()
    payload = msgspec.msgpack.encode(MESSAGE)
    frame = struct.pack("!I", len(payload)) + payload
    with theirs:
        peer = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _ECHO, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
        )

    def call() -> object:
        ours.sendall(frame)
        return ours.recv(8192)

    try:
        yield peer.pid, call
    finally:
        ours.close()
        peer.wait()
