"""`manage.py plugin deliveries`, `shadow`, `enforce` and `shadow-report`."""

from __future__ import annotations

import pytest
from django.core.management import CommandError

from plugins_registry import services
from plugins_registry.models import Delivery, Plugin
from tests.registry.conftest import Install
from tests.registry.deliveries import due, kill, trace, write
from tests.registry.test_command import run, run_json

pytestmark = [pytest.mark.django_db, pytest.mark.backends]


@pytest.fixture(autouse=True)
def _plugins(install: Install) -> None:
    install("demo")
    install("other")


def test_deliveries_are_listed() -> None:
    assert "no deliveries" in run("deliveries")
    kill()
    write("other")
    text = run("deliveries")
    assert "it broke" in text
    assert "other" in text
    assert "other" not in run("deliveries", "demo")


def test_programs_get_all_of_a_delivery() -> None:
    row = kill()
    write("other")
    told = run_json("deliveries", "--state", "dead")
    assert [each["id"] for each in told] == [row.pk]
    assert (told[0]["event_id"], told[0]["traceback"]) == (str(row.event_id), "Traceback: …")


def test_a_long_list_says_that_there_is_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plugins_registry.commands.delivering.LISTED", 2)
    for _ in range(5):
        write()
    assert "and 3 more; --json writes all" in run("deliveries")
    assert len(run_json("deliveries")) == 5


def test_dead_ones_are_retried() -> None:
    kill()
    kill()
    assert "2 deliveries were retried" in run("deliveries", "--retry")
    assert len(due()) == 2
    assert run_json("deliveries", "demo", "--retry") == {"retried": 0}


def test_one_delivery_is_retried() -> None:
    row = kill()
    kill()
    assert "1 delivery was retried" in run("deliveries", "demo", "--retry", "--id", row.pk)


def test_only_dead_ones_can_be_retried() -> None:
    with pytest.raises(CommandError, match="a delivery that is waiting cannot be"):
        run("deliveries", "--retry", "--state", "waiting")


def test_drop_takes_dead_ones_unless_told_otherwise() -> None:
    kill()
    write()
    assert "1 delivery was dropped" in run("deliveries", "demo", "--drop")
    assert len(due()) == 1
    assert run_json("deliveries", "demo", "--drop", "--state", "waiting") == {"dropped": 1}
    assert not Delivery.objects.exists()


def test_what_is_done_cannot_be_dropped() -> None:
    with pytest.raises(CommandError, match="what is done cannot be"):
        run("deliveries", "--drop", "--state", "done")


def test_retry_and_drop_exclude_each_other() -> None:
    with pytest.raises(CommandError, match="not allowed with"):
        run("deliveries", "--retry", "--drop")


def test_what_is_owed_to_nobody_is_left_to_the_sweep() -> None:
    write("gone")
    assert run_json("deliveries", "--drop", "--state", "waiting") == {"dropped": 0}


def test_a_plugin_that_is_not_there_is_named() -> None:
    with pytest.raises(CommandError, match="no plugin 'gone' is installed"):
        run("deliveries", "gone")


def test_shadow_and_enforce_switch() -> None:
    assert "demo is in shadow mode" in run("shadow", "demo")
    assert Plugin.objects.get(name="demo").mode == "shadow"
    assert run_json("show", "demo")["mode"] == "shadow"
    assert "may change and block messages" in run("enforce", "demo")
    assert Plugin.objects.get(name="demo").mode == "enforce"


def test_the_shadow_report_says_what_would_have_been() -> None:
    services.set_mode("demo", "shadow")
    services.record_traces([trace(f"m{number}", "allow") for number in range(1_000)])
    services.record_traces([trace("rude1"), trace("rude2", "replace", after={"content": "****"})])
    text = run("shadow-report", "demo")
    assert "demo would have blocked 1 of 1,002, changed 1, and failed at 0" in text
    assert "rude1" in text
    assert "****" in text


def test_programs_get_the_report_too() -> None:
    services.set_mode("demo", "shadow")
    services.record_traces([trace("m1")])
    report = run_json("shadow-report", "demo")
    assert (report["asked"], report["would_block"], report["mode"]) == (1, 1, "shadow")
    assert report["examples"][0]["message_id"] == "m1"
