"""The lease: one drain per plugin at a time, whatever ends the one before."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection

from plugins_registry import services
from plugins_registry.models import Delivery, Plugin, Queue
from tests.registry.deliveries import NOON, write

pytestmark = pytest.mark.backends
THREADS = 8


@pytest.fixture
def _plugin(db: None) -> None:
    Plugin.objects.create(name="demo")


def take(seconds: float = 0) -> str | None:
    return services.take_queue("demo", seconds=60, now=NOON + timedelta(seconds=seconds))


def keep(holder: str, seconds: float = 0) -> bool:
    return services.keep_queue("demo", holder, 60, now=NOON + timedelta(seconds=seconds))


def leave(holder: str, seconds: float = 0) -> None:
    services.leave_queue("demo", holder, now=NOON + timedelta(seconds=seconds))


@pytest.mark.usefixtures("_plugin")
def test_a_queue_is_taken_by_one_until_it_is_left() -> None:
    holder = take()
    assert holder
    assert take() is None
    leave(holder)
    assert take() not in (None, holder)


@pytest.mark.usefixtures("_plugin")
def test_a_lease_ends_by_itself() -> None:
    assert take()
    assert take(59.9) is None
    assert take(60)


@pytest.mark.usefixtures("_plugin")
def test_a_lease_is_prolonged_from_now_on() -> None:
    holder = take() or ""
    assert keep(holder, 50)
    assert take(109) is None
    assert take(110)


@pytest.mark.usefixtures("_plugin")
def test_who_lost_the_lease_neither_keeps_nor_leaves_it() -> None:
    first = take() or ""
    assert not keep(first, 60)
    second = take(60) or ""
    assert not keep(first, 61)
    leave(first, 61)
    assert keep(second, 62)
    assert take(63) is None


@pytest.mark.usefixtures("_plugin")
def test_queues_of_different_plugins_have_nothing_to_do_with_each_other() -> None:
    Plugin.objects.create(name="other")
    assert take()
    assert services.take_queue("other", seconds=60, now=NOON)


def test_nobody_takes_the_queue_of_a_plugin_that_is_gone(db: None) -> None:
    assert take() is None
    assert not Queue.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("exists", [False, True], ids=["never taken", "left before"])
def test_of_many_at_once_exactly_one_takes_it(exists: bool) -> None:
    Plugin.objects.create(name="demo")
    if exists:
        leave(take() or "")
    together = Barrier(THREADS)

    def run(_number: int) -> str | None:
        try:
            together.wait(timeout=20)
            return take(1)
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        taken = [holder for holder in pool.map(run, range(THREADS)) if holder]
    assert taken == [Queue.objects.get().holder]


@pytest.mark.django_db(transaction=True)
def test_of_many_drains_none_tells_what_another_told() -> None:
    Plugin.objects.create(name="demo")
    for number in range(60):
        write(number=number)
    told: list[int] = []
    together = Barrier(4)

    def drain(_number: int) -> None:
        try:
            together.wait(timeout=20)
            while Delivery.objects.filter(state="waiting").exists():
                _drain_some(told)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(drain, range(4)))
    assert told == list(range(60))


def _drain_some(told: list[int]) -> None:
    if (holder := services.take_queue("demo", seconds=60)) is None:
        return
    batch = services.due_deliveries("demo", 7)
    told.extend(each.payload["number"] for each in batch)
    outcomes = [services.Outcome(delivery_id=each.id, done=True) for each in batch]
    services.settle_deliveries("demo", outcomes)
    services.leave_queue("demo", holder)
