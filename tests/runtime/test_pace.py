"""How much of a processor one plugin's questions may take."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from plexichat_plugin_sdk._wire.framing import Framed
from plexichat_plugin_sdk._wire.questions import Tell
from plugin_runtime.gateway import Gateway
from plugin_runtime.gateway.pace import BURST_SECONDS, SHARE, Pace
from tests.waiting import wait_for


@pytest.fixture
def now() -> list[float]:
    return [100.0]


@pytest.fixture
def pace(now: list[float]) -> Pace:
    return Pace(clock=lambda: now[0])


def test_a_burst_waits_for_nothing(pace: Pace) -> None:
    assert [pace.charge(BURST_SECONDS / 10) for _ in range(10)] == [0.0] * 10


def test_who_goes_on_waits_until_the_share_is_kept(pace: Pace, now: list[float]) -> None:
    pace.charge(BURST_SECONDS)

    assert pace.charge(1.0) == pytest.approx(1.0 / SHARE)
    now[0] += 1.0 / SHARE
    assert pace.charge(0.0) == 0.0


def test_quiet_earns_no_more_than_a_burst(pace: Pace, now: list[float]) -> None:
    now[0] += 1_000_000

    assert pace.charge(BURST_SECONDS) == 0.0
    assert pace.charge(SHARE) == pytest.approx(1.0)


class Recorder(Pace):
    """Remembers what was charged, and lets nobody wait."""

    def __init__(self) -> None:
        super().__init__()
        self.charged: list[float] = []

    def charge(self, used_seconds: float) -> float:
        self.charged.append(used_seconds)
        return 0.0


def test_every_frame_of_every_line_is_charged(tmp_path: Path, settings: Any) -> None:
    settings.PLEXICHAT_HOME = tmp_path
    gateway, pace = Gateway(), Recorder()
    gateway._paces["asks", "1.0.0"] = pace
    plugin = []
    for _ in range(2):
        ours, theirs = socket.socketpair()
        gateway.accept("asks", "1.0.0", ours)
        plugin.append(Framed[Any](theirs, Any))
    try:
        for line in plugin:
            line.send(Tell("log.record", {"message": "x" * 1000}))

        wait_for(lambda: len(pace.charged) == 2, what="both charged")
        assert all(used > 0 for used in pace.charged)
    finally:
        gateway.close()
        for line in plugin:
            line.close()
