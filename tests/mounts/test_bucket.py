from __future__ import annotations

import asyncio

from plugin_runtime.mounts.bucket import Bucket


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


def taken(time: Time, bucket: Bucket, tokens: list[float]) -> list[float]:
    async def take_all() -> list[float]:
        moments = []
        for count in tokens:
            await bucket.take(count)
            moments.append(time.now)
        return moments

    return asyncio.run(take_all())


def test_a_burst_passes_at_once_and_then_it_flows_steadily() -> None:
    time = Time()
    bucket = Bucket(2, 3, clock=time.clock, sleep=time.sleep)
    assert taken(time, bucket, [1] * 6) == [0, 0, 0, 0.5, 1, 1.5]


def test_more_than_the_burst_is_paid_for_afterwards() -> None:
    time = Time()
    bucket = Bucket(2, 3, clock=time.clock, sleep=time.sleep)
    assert taken(time, bucket, [13, 1]) == [5, 5.5]


def test_rest_fills_it_up_but_not_beyond_the_burst() -> None:
    time = Time()
    bucket = Bucket(2, 3, clock=time.clock, sleep=time.sleep)
    taken(time, bucket, [3])
    time.now += 1000
    assert taken(time, bucket, [1] * 4) == [1000, 1000, 1000, 1000.5]
