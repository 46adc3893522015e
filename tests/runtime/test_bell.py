"""The bell: nobody who posts waits for the broker, and a burst rings twice at most at once."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from celery import current_app
from kombu.exceptions import OperationalError

from plugin_runtime.events.bell import Bell
from tests.waiting import wait_for


class Broker:
    """Stands in for the broker; holds each ring until it is let through."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.open = threading.Event()
        self.failure: Exception | None = None

    def send_task(self, _name: str, arguments: tuple[str], **_: Any) -> None:
        self.heard.append(arguments[0])
        assert self.open.wait(10)
        if self.failure:
            raise self.failure


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    stand_in = Broker()
    monkeypatch.setattr(current_app, "send_task", stand_in.send_task)
    return stand_in


def test_whoever_rings_goes_on_at_once_and_a_burst_shares_the_next_ring(broker: Broker) -> None:
    bell = Bell()
    bell.ring(["one"])
    wait_for(lambda: broker.heard, what="the first ring")
    began = time.monotonic()

    for _ in range(100):
        bell.ring(["one"])

    assert time.monotonic() - began < 1
    broker.open.set()
    bell.leave()
    assert broker.heard == ["one", "one"]


@pytest.mark.parametrize("failure", [OperationalError("away"), RuntimeError("a driver's own")])
def test_a_failed_ring_ends_nothing(broker: Broker, failure: Exception) -> None:
    bell = Bell()
    broker.failure = failure
    broker.open.set()
    bell.ring(["one"])
    bell.leave()

    broker.failure = None
    bell.ring(["two"])
    bell.leave()

    assert broker.heard == ["one", "two"]


def test_a_process_that_ends_does_not_wait_for_a_broker_that_is_away(broker: Broker) -> None:
    bell = Bell()
    bell.ring(["one"])
    wait_for(lambda: broker.heard, what="the ring")
    began = time.monotonic()

    bell.leave()

    assert time.monotonic() - began < 5
    broker.open.set()
