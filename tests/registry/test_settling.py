"""What admins and time do with deliveries: retry, drop, retention."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from plugins_registry import services, signals
from plugins_registry.exceptions import PluginNotFound
from plugins_registry.models import Delivery, Event, Problem, Trace
from plugins_registry.states import DeliveryState, State
from tests.registry.conftest import Install
from tests.registry.deliveries import done, due, failed, kill, settle, trace, write

pytestmark = [pytest.mark.django_db, pytest.mark.backends]


@pytest.fixture(autouse=True)
def _plugins(install: Install) -> None:
    install("demo")
    install("other")


def sweep(**later: float) -> None:
    services.sweep_deliveries(now=timezone.now() + timedelta(**later))


def test_retry_delivers_dead_ones_with_all_tries_anew() -> None:
    row = kill()
    assert services.retry_deliveries("demo") == 1
    assert [(told.id, told.attempt) for told in due()] == [(row.pk, 1)]
    settle(done(due()[0]))
    assert Delivery.objects.get().state == "done"


def test_retry_goes_on_where_it_left_off() -> None:
    row = kill()
    Delivery.objects.update(cursor="u500")
    services.retry_deliveries("demo", ids=[row.pk])
    assert due()[0].cursor == "u500"


def test_retry_takes_only_what_was_chosen_and_dead() -> None:
    first, _second = kill(), kill()
    write()
    waiting = Delivery.objects.latest("id").pk
    assert services.retry_deliveries("demo", ids=[first.pk, waiting]) == 1
    assert services.retry_deliveries("other") == 0
    assert [told.id for told in due()] == [first.pk, waiting]


def test_retry_is_announced_after_commit(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    heard: list[str] = []

    def hear(plugin: str, **_: Any) -> None:
        heard.append(plugin)

    kill()
    signals.deliveries_due.connect(hear)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            services.retry_deliveries("demo")
            services.retry_deliveries("other")
            assert heard == []
    finally:
        signals.deliveries_due.disconnect(hear)
    assert heard == ["demo"]


def test_drop_takes_what_is_owed_and_leaves_what_is_done() -> None:
    write()
    settle(done(due()[0]))
    write()
    kill()
    ids = list(Delivery.objects.values_list("id", flat=True))
    assert services.drop_deliveries("other", ids=ids) == 0
    assert services.drop_deliveries("demo", ids=ids) == 2
    assert Delivery.objects.get().state == "done"


def test_more_ids_than_a_query_takes(settings: Settings) -> None:
    settings.PLEXICHAT_SWEEP_ROWS = 2
    rows = [kill().pk for _ in range(5)]
    assert services.retry_deliveries("demo", ids=rows) == 5
    assert services.drop_deliveries("demo", ids=rows) == 5


@pytest.mark.parametrize("verb", ["retry", "drop"])
def test_a_plugin_that_is_not_there_is_named(verb: str) -> None:
    with pytest.raises(PluginNotFound, match="no plugin 'gone' is installed"):
        (services.retry_deliveries if verb == "retry" else services.drop_deliveries)("gone", ids=[])


def test_done_deliveries_go_with_their_events_after_a_day() -> None:
    write("demo", "other")
    services.settle_deliveries("demo", [done(due()[0])])
    sweep(hours=23)
    assert Delivery.objects.count() == 2
    sweep(hours=25)
    assert (Delivery.objects.get().plugin_id, Event.objects.count()) == ("other", 1)
    services.settle_deliveries("other", [done(due("other")[0])])
    sweep(hours=25)
    assert not Event.objects.exists()


def test_dead_deliveries_go_after_a_month(settings: Settings) -> None:
    settings.PLEXICHAT_DELIVERY_TRIES = 1
    write()
    services.settle_deliveries("demo", [failed(due()[0])])
    sweep(days=29)
    assert Delivery.objects.exists()
    sweep(days=31)
    assert not Event.objects.exists()


def quarantine(name: str) -> None:
    services.enable(name)
    services.observe(name, state=State.QUARANTINED, reason="it failed three times")


def test_a_quarantined_plugins_newest_deliveries_wait(settings: Settings) -> None:
    settings.PLEXICHAT_DELIVERY_DISABLED_LIMIT = 1
    quarantine("demo")
    write(number=1)
    write(number=2)
    sweep()
    assert waiting("demo") == 1
    assert Problem.objects.filter(plugin__name="demo", key="dropped").exists()


def test_a_plugin_that_is_tried_again_keeps_its_deliveries(settings: Settings) -> None:
    settings.PLEXICHAT_DELIVERY_DISABLED_LIMIT = 1
    quarantine("demo")
    services.enable("demo")
    services.observe("demo", state=State.STARTING)
    write(number=1)
    write(number=2)
    sweep()
    assert waiting("demo") == 2


def waiting(plugin: str) -> int:
    return Delivery.objects.filter(plugin=plugin, state=DeliveryState.WAITING).count()


def test_a_disabled_plugins_newest_deliveries_wait(settings: Settings) -> None:
    settings.PLEXICHAT_DELIVERY_DISABLED_LIMIT = 2
    settings.PLEXICHAT_SWEEP_ROWS = 2
    for number in range(5):
        write(number=number)
    sweep()
    sweep()
    assert [told.payload["number"] for told in due()] == [3, 4]
    problem = Problem.objects.get()
    assert (problem.key, problem.count, problem.details) == ("dropped", 1, {"dropped": 3})
    assert (
        "3 events were dropped: a disabled or quarantined plugin has at most 2 waiting"
        in problem.message
    )


def test_a_disabled_plugins_deliveries_wait_for_a_week() -> None:
    write()
    sweep(days=6)
    assert due()
    sweep(days=8)
    assert not due()
    assert Problem.objects.filter(plugin__name="demo", key="dropped").exists()


def test_an_enabled_plugins_deliveries_wait_for_ever(settings: Settings) -> None:
    settings.PLEXICHAT_DELIVERY_DISABLED_LIMIT = 0
    services.enable("demo")
    write()
    sweep(days=365)
    assert due()
    assert not Problem.objects.exists()


def test_what_is_owed_to_nobody_goes() -> None:
    write("gone")
    write("demo")
    sweep()
    assert [row.plugin_id for row in Delivery.objects.all()] == ["demo"]
    assert Event.objects.count() == 1


def test_an_uninstalled_plugins_queue_goes() -> None:
    write("demo", "other")
    services.take_queue("demo", seconds=60)
    services.record_traces([trace("m1")])
    services.uninstall("demo")
    assert (len(due()), len(due("other"))) == (0, 1)
    assert Trace.objects.get(plugin=None).plugin_name == "demo"


def test_a_new_plugin_inherits_no_queue(install: Install) -> None:
    write("third")
    install("third")
    assert not due("third")


def test_traces_go_after_two_weeks() -> None:
    services.record_traces([trace("m1")])
    sweep(days=13)
    assert Trace.objects.exists()
    sweep(days=15)
    assert not Trace.objects.exists()
