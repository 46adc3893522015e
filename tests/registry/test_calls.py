"""The log of calls: what is kept of each plugin, and `manage.py plugin calls`."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.management import CommandError
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from plugins_registry import queries, services
from plugins_registry.models import Call
from plugins_registry.services import calling
from tests.registry.conftest import Install
from tests.registry.deliveries import called
from tests.registry.test_command import run

pytestmark = [pytest.mark.django_db, pytest.mark.backends]


@pytest.fixture(autouse=True)
def _plugins(install: Install) -> None:
    install("demo")
    install("other")


@pytest.fixture
def three_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calling, "KEPT", 3)


def record(*targets: str, **facts: Any) -> None:
    services.record_calls([called(target, **facts) for target in targets])


def targets(plugin: str = "demo", limit: int = 100, **choice: Any) -> list[str]:
    return [entry.target for entry in queries.last_calls(plugin, limit, **choice)]


def rows(*words: str) -> list[Any]:
    return [json.loads(line) for line in run("calls", *words, "--json").splitlines()]


def test_a_call_comes_back_as_it_was_recorded() -> None:
    services.record_calls([called(outcome="failed", code="handler_raised")])
    (entry,) = queries.last_calls("demo", 10)
    assert entry == called(outcome="failed", code="handler_raised", id=entry.id)
    assert queries.last_calls("other", 10) == []


def test_the_newest_come_last() -> None:
    record("a", "b", "c")
    assert targets(limit=2) == ["b", "c"]
    assert targets(limit=0) == []


def test_only_what_is_new_comes_again() -> None:
    record("a")
    (known,) = queries.last_calls("demo", 10)
    assert targets(after=known.id) == []
    record("b")
    assert targets(after=known.id) == ["b"]


def test_failed_ones_are_found() -> None:
    record("a")
    record("b", outcome="deadline")
    assert targets(failed=True) == ["b"]


def test_each_plugin_keeps_its_newest(three_kept: None) -> None:
    record("a", "b", plugin="other")
    record("a", "b")
    record("c", "d")
    assert targets() == ["b", "c", "d"]
    assert targets("other") == ["a", "b"]


def test_what_would_not_be_kept_is_not_written(three_kept: None) -> None:
    record(*"abcdef")
    assert targets() == ["d", "e", "f"]
    assert Call.objects.latest("id").pk - Call.objects.earliest("id").pk == 2


def test_many_calls_are_few_queries(
    three_kept: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    record("a")
    with django_assert_num_queries(3):
        record(*"abcdef")


def test_calls_are_stored_whatever_a_plugin_says() -> None:
    record("x" * 400, outcome="failed", code="a\0b\ud800")
    (entry,) = queries.last_calls("demo", 10)
    assert (entry.code, len(entry.target)) == ("a�b�", 300)


def test_calls_of_a_plugin_that_is_gone_are_swept() -> None:
    record("a", plugin="gone")
    record("b")
    services.sweep_deliveries()
    assert (targets("gone"), targets()) == ([], ["b"])


def test_calls_go_with_their_plugin() -> None:
    record("a")
    services.uninstall("demo")
    assert not Call.objects.exists()


def test_the_command_shows_one_call_a_line() -> None:
    assert "no calls" in run("calls", "demo")
    record("message_sent")
    record("GET /api/v1/demo", kind="endpoint", outcome="failed", code="handler_raised")
    first, second = run("calls", "demo").splitlines()
    assert first.split()[1:] == ["1.5", "ms", "ok", "filter", "message_sent"]
    assert second.endswith("GET /api/v1/demo handler_raised")
    assert run("calls", "demo", "--lines", "1") == second + "\n"
    assert run("calls", "demo", "--failed") == second + "\n"


def test_programs_get_one_object_a_line() -> None:
    assert rows("demo") == []
    record("a", "b")
    assert [row["target"] for row in rows("demo")] == ["a", "b"]
    assert rows("demo")[0]["at"] == "2100-01-01T12:00:00.000+00:00"


def test_following_goes_on_until_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = iter(["b", "", "c"])

    def wait(_: float) -> None:
        try:
            record(*next(waits))
        except StopIteration:
            raise KeyboardInterrupt from None

    monkeypatch.setattr("plugins_registry.commands.calls.sleep", wait)
    record("a")
    shown: list[str] = []
    monkeypatch.setattr(
        "plugins_registry.commands.terminal.Terminal.line", lambda _, text: shown.append(text)
    )
    with pytest.raises(CommandError, match="interrupted"):
        run("calls", "demo", "--follow", "--json")
    assert [json.loads(text)["target"] for text in shown] == ["a", "b", "c"]


def test_a_plugin_that_is_not_there_is_named() -> None:
    with pytest.raises(CommandError, match="no plugin 'gone' is installed"):
        run("calls", "gone")


def test_admins_choose_among_calls(admin_client: Any) -> None:
    record("a")
    record("b", outcome="lost")
    address = reverse("admin:plugins_registry_call_changelist")
    chosen = {"outcome__exact": "lost", "plugin__id__exact": Call.objects.first().plugin.pk}  # type: ignore[union-attr]
    found = admin_client.get(address, chosen).context["cl"].queryset
    assert [call.target for call in found] == ["b"]
