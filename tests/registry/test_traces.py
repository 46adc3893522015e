"""Traces and shadow mode: who touched a message, and what a plugin would have done."""

from __future__ import annotations

import pytest
from pytest_django import DjangoAssertNumQueries

from plugins_registry import queries, services
from plugins_registry.exceptions import PolicyRefused
from plugins_registry.models import Plugin, Trace
from tests.registry.conftest import Install
from tests.registry.deliveries import trace

pytestmark = [pytest.mark.django_db, pytest.mark.backends]


@pytest.fixture(autouse=True)
def _plugin(install: Install) -> None:
    install("demo")


def test_a_trace_comes_back_as_it_was_recorded() -> None:
    entries = [
        trace("m1", "replace", applied=True, after={"content": "hi"}),
        trace("m1", "allow", plugin="other", reason=""),
    ]
    services.record_traces([*entries, trace("m2")])
    assert queries.message_trace("m1") == entries
    assert queries.message_trace("m3") == []


def test_many_traces_are_one_query(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(1):
        services.record_traces([trace(f"m{number}") for number in range(20)])


def test_traces_are_stored_whatever_they_say() -> None:
    services.record_traces([trace("m1", reason="a\0b", before={"content": "c\0d"})])
    found = Trace.objects.get()
    assert (found.reason, found.before) == ("a�b", {"content": "c�d"})


def test_a_plugin_enforces_until_it_is_told_otherwise() -> None:
    assert Plugin.objects.get().mode == "enforce"
    before = queries.generation()
    services.set_mode("demo", "shadow")
    assert (Plugin.objects.get().mode, queries.generation()) == ("shadow", before + 1)
    assert services.set_mode("demo", "enforce").mode == "enforce"


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(PolicyRefused, match="mode: 'loud' is unknown; choose 'enforce' or"):
        services.set_mode("demo", "loud")


def test_the_board_tells_the_mode() -> None:
    release = Plugin.objects.get().release
    assert release
    services.describe(release.pk, hooks=[], endpoints=[], sockets=[])
    services.enable("demo")
    services.set_mode("demo", "shadow")
    assert queries.board().plugins[0].mode == "shadow"


def test_a_report_counts_what_would_have_been() -> None:
    services.set_mode("demo", "shadow")
    verdicts = ["allow", "allow", "block", "replace", "failed"]
    services.record_traces([trace(f"m{at}", verdict) for at, verdict in enumerate(verdicts)])
    services.record_traces([trace("x", applied=True), trace("y", plugin="other")])
    report = queries.shadow_report("demo", examples=1)
    assert (report.asked, report.would_block) == (5, 1)
    assert (report.would_change, report.failed) == (1, 1)
    assert [entry.message_id for entry in report.examples] == ["m3"]


def test_each_shadow_begins_a_new_report() -> None:
    services.set_mode("demo", "shadow")
    services.record_traces([trace("m1")])
    services.set_mode("demo", "shadow")
    services.set_mode("demo", "enforce")
    assert queries.shadow_report("demo").asked == 1
    services.set_mode("demo", "shadow")
    assert queries.shadow_report("demo").asked == 0


def test_a_report_on_nothing_is_all_zero() -> None:
    report = queries.shadow_report("gone")
    assert (report.asked, report.examples) == (0, ())
