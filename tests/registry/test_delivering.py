"""The outbox: written with the fact, told in order, tried again, dead after five tries."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import transaction
from pytest_django import DjangoAssertNumQueries, Settings

from plugins_registry import services
from plugins_registry.models import Delivery, Event, Problem
from plugins_registry.services import Outcome
from tests.registry.conftest import Install
from tests.registry.deliveries import NOON, done, due, failed, kill, settle, write

pytestmark = [pytest.mark.django_db, pytest.mark.backends]


@pytest.fixture(autouse=True)
def _plugins(install: Install) -> None:
    install("demo")
    install("other")


def test_an_event_is_one_row_and_a_delivery_for_each_plugin() -> None:
    event_id = services.enqueue("user_login", {"user_id": "u1"}, plugins=["demo", "other"])
    assert Event.objects.get().event_id == event_id
    assert {row.event_id for row in Delivery.objects.all()} == {event_id}
    assert [len(due("demo")), len(due("other"))] == [1, 1]


def test_what_is_due_says_all_that_a_drain_needs() -> None:
    event_id = services.enqueue("x.y", {"a": [1]}, plugins=["demo"], origin="other", depth=2)
    told = due()[0]
    assert (told.event_id, told.hook, told.payload) == (str(event_id), "x.y", {"a": [1]})
    assert (told.attempt, told.depth, told.cursor, told.origin) == (1, 2, "", "other")
    assert told.occurred_at == Event.objects.get().occurred_at.isoformat()


def test_writing_an_event_takes_two_queries(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(2):
        write("demo", "other")


def test_an_event_goes_with_the_fact_that_was_rolled_back() -> None:
    def fact() -> None:
        with transaction.atomic():
            write()
            raise RuntimeError("no fact after all")

    with pytest.raises(RuntimeError):
        fact()
    assert not Event.objects.exists()
    write()
    assert Event.objects.exists()


def test_the_same_plugin_twice_is_owed_it_once() -> None:
    write("demo", "demo")
    assert len(due()) == 1


def test_a_plugin_that_is_gone_fails_nobody() -> None:
    write("demo", "gone")
    assert len(due()) == 1


def test_text_that_databases_refuse_is_replaced() -> None:
    write(**{"ke\0y": ["a\0b", "\ud800", {"fine": "é"}]})
    assert due()[0].payload == {"ke�y": ["a�b", "�", {"fine": "é"}]}


@pytest.mark.parametrize("value", [float("nan"), b"raw", {1, 2}], ids=["nan", "bytes", "set"])
def test_what_is_no_json_is_refused_before_anything_is_written(value: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        write(value=value)
    assert not Event.objects.exists()


def test_due_ones_come_in_the_order_in_which_they_were_written() -> None:
    for number in range(5):
        write(number=number)
    assert [told.payload["number"] for told in due(limit=3)] == [0, 1, 2]


def test_one_query_tells_what_is_due(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for number in range(5):
        write(number=number)
    with django_assert_num_queries(1):
        due()


def test_done_is_done_once_and_for_that_plugin_only() -> None:
    write("demo", "other")
    outcome = done(due()[0])
    settle(outcome)
    settle(outcome, Outcome(delivery_id=outcome.delivery_id, done=False, error="too late"))
    assert (due(), len(due("other"))) == ([], 1)
    assert Delivery.objects.get(plugin="demo").state == "done"


def test_another_plugin_cannot_settle_it() -> None:
    write("demo")
    settle(done(due()[0]), plugin="other")
    assert len(due()) == 1


def test_the_pause_doubles_with_each_failure() -> None:
    write()
    clock, pauses = 0.0, []
    for _ in range(4):
        settle(failed(due(seconds=clock)[0]), seconds=clock)
        row = Delivery.objects.get()
        pauses.append((row.due_at - NOON).total_seconds() - clock)
        assert due(seconds=clock + pauses[-1] - 0.001) == []
        clock += pauses[-1]
    assert pauses == [10, 20, 40, 80]
    assert due(seconds=clock)[0].attempt == 5


def test_a_poisonous_event_lets_those_behind_it_pass() -> None:
    write(number=0)
    write(number=1)
    settle(failed(due()[0]))
    assert [told.payload["number"] for told in due()] == [1]
    assert [told.payload["number"] for told in due(seconds=10)] == [0, 1]


def test_progress_counts_no_try_and_stays_due() -> None:
    write()
    settle(Outcome(delivery_id=due()[0].id, done=False, cursor="u500"))
    assert (due()[0].cursor, due()[0].attempt) == ("u500", 1)


def test_a_failure_on_the_way_keeps_how_far_it_came() -> None:
    write()
    settle(Outcome(delivery_id=due()[0].id, done=False, cursor="u500", error="it broke"))
    settle(failed(due(seconds=10)[0]), seconds=10)
    assert (due(seconds=30)[0].cursor, due(seconds=30)[0].attempt) == ("u500", 3)


def test_five_failures_are_the_end() -> None:
    row = kill()
    assert (row.state, row.attempts, row.error) == ("dead", 5, "it broke")
    assert (row.traceback, due(seconds=1e6)) == ("Traceback: …", [])


def test_the_tries_are_a_setting(settings: Settings) -> None:
    settings.PLEXICHAT_DELIVERY_TRIES = 1
    write()
    settle(failed(due()[0]))
    assert Delivery.objects.get().state == "dead"


def test_many_dead_ones_are_one_counted_problem_per_hook(settings: Settings) -> None:
    settings.PLEXICHAT_DELIVERY_TRIES = 1
    for number in range(6):
        write(hook="user_login" if number else "user_logout", number=number)
    batch = due()
    settle(*(failed(told) for told in batch[:4]))
    settle(*(failed(told, "it broke again") for told in batch[4:]))
    counts = dict(Problem.objects.values_list("key", "count"))
    assert counts == {"dead:user_login": 5, "dead:user_logout": 1}
    problem = Problem.objects.get(key="dead:user_login")
    assert "it broke again. Once it is mended, deliver them: manage.py plugin deliveries demo" in (
        problem.message
    )


def test_fewer_failures_are_no_problem_yet() -> None:
    write()
    settle(failed(due()[0]))
    assert not Problem.objects.exists()


def test_errors_are_stored_whatever_they_say() -> None:
    write()
    settle(failed(due()[0], "nul \0 and half \ud800" + "x" * 5000))
    assert len(Delivery.objects.get().error) == 2000


def test_what_was_dropped_meanwhile_is_not_brought_back() -> None:
    write()
    told = due()[0]
    assert services.drop_deliveries("demo", ids=[told.id]) == 1
    settle(failed(told), done(told))
    assert not Delivery.objects.exists()


def test_settling_a_batch_takes_few_queries(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(20):
        write(number=number)
    batch = due()
    # A savepoint, since the test holds a transaction, and its release.
    with django_assert_num_queries(3):
        settle(*(done(told) for told in batch[:10]))
    with django_assert_num_queries(4):
        settle(*(failed(told) for told in batch[10:]))


def test_only_enabled_plugins_with_something_due_are_woken() -> None:
    write("demo", "other")
    assert services.plugins_with_due_deliveries(now=NOON) == []
    services.enable("demo")
    assert services.plugins_with_due_deliveries(now=NOON) == ["demo"]
    settle(failed(due()[0]))
    assert services.plugins_with_due_deliveries(now=NOON) == []
    later = NOON + timedelta(seconds=10)
    assert services.plugins_with_due_deliveries(now=later) == ["demo"]


def test_an_event_id_is_what_the_caller_gets() -> None:
    assert isinstance(services.enqueue("x", {}, plugins=["demo"]), UUID)
