"""What the supervisor writes and what it reads: observations, wanted plugins, the board."""

from __future__ import annotations

import pytest
from pytest_django import Settings
from pytest_django.fixtures import DjangoAssertNumQueries

from plugins_registry import queries, services
from plugins_registry.models import Plugin, Problem, Release
from plugins_registry.states import State
from tests.registry.conftest import Install

pytestmark = [pytest.mark.django_db, pytest.mark.backends]


def test_an_observation_is_written_with_its_time(install: Install) -> None:
    before = install("demo").since
    services.observe("demo", state=State.ACTIVE, level="isolated", layers=["landlock", "seccomp"])
    plugin = Plugin.objects.get()
    assert (plugin.state, plugin.level, plugin.layers) == (
        "active",
        "isolated",
        ["landlock", "seccomp"],
    )
    assert plugin.since > before


def test_the_same_observation_again_counts_nothing(install: Install) -> None:
    install("demo")
    services.observe("demo", state=State.ACTIVE)
    before = (queries.generation(), Plugin.objects.get().since)
    services.observe("demo", state=State.ACTIVE)
    assert (queries.generation(), Plugin.objects.get().since) == before


def test_the_same_state_after_a_new_wish_is_a_new_observation(install: Install) -> None:
    install("demo")
    services.enable("demo")
    services.observe("demo", state=State.ACTIVE)
    before = Plugin.objects.get().since
    services.restart("demo")
    services.observe("demo", state=State.ACTIVE)
    assert Plugin.objects.get().since > before


def test_an_observation_leaves_the_wish_alone(install: Install) -> None:
    install("demo")
    services.enable("demo")
    services.observe("demo", state=State.QUARANTINED, reason="fell thrice", stack="Traceback")
    plugin = Plugin.objects.get()
    assert (plugin.wanted, plugin.wish) == ("enabled", 1)
    assert (plugin.reason, plugin.stack) == ("fell thrice", "Traceback")


def test_the_last_stack_stays_until_it_works_again(install: Install) -> None:
    install("demo")
    services.observe("demo", state=State.BACKING_OFF, stack="Traceback")
    services.observe("demo", state=State.STARTING)
    assert Plugin.objects.get().stack == "Traceback"
    services.observe("demo", state=State.ACTIVE)
    assert Plugin.objects.get().stack == ""


def test_level_and_layers_stay_when_they_are_not_told(install: Install) -> None:
    install("demo")
    services.observe("demo", state=State.ACTIVE, level="full", layers=["uid"])
    services.observe("demo", state=State.STOPPED)
    assert (Plugin.objects.get().level, Plugin.objects.get().layers) == ("full", ["uid"])


def test_any_text_of_a_plugin_can_be_stored(install: Install) -> None:
    install("demo")
    services.observe("demo", state=State.QUARANTINED, reason="a\0b", stack="x" * 100_000 + "end")
    plugin = Plugin.objects.get()
    assert "\0" not in plugin.reason
    assert len(plugin.stack) == 20_000
    assert plugin.stack.endswith("end")


def test_observing_what_is_gone_does_nothing() -> None:
    services.observe("gone", state=State.ACTIVE)
    services.raise_problem("gone", "key", "message")
    assert not Problem.objects.exists()


def test_wanted_plugins_tell_the_supervisor_everything(install: Install) -> None:
    install(
        "demo",
        """\
        metadata: {category: tests, color: red}
        permissions: {required: [user_data_read]}
        resources: {limits: {cpu: 250m, memory: 64Mi}}
        settings: {a: 1, b: {c: 2, d: 3}}
        """,
        entry_point="plugin:Demo",
    )
    services.configure("demo", {"b.c": 5})
    services.enable("demo")
    (wanted,) = queries.wanted_plugins()
    release = Release.objects.get()
    assert (wanted.name, wanted.version, wanted.release_id) == ("demo", "1.0.0", release.pk)
    assert (wanted.root, wanted.entry_point) == (release.root, "plugin:Demo")
    assert wanted.metadata == {"category": "tests", "color": "red"}
    assert wanted.config == {"a": 1, "b": {"c": 5, "d": 3}}
    assert wanted.stored_config == {"b": {"c": 5}}
    assert wanted.grants == {"user_data_read"}
    assert (wanted.cpu_millicores, wanted.memory_bytes) == (250, 64 * 1024**2)
    assert (wanted.enabled, wanted.wish, wanted.site_packages) == (True, 1, ())


def test_the_hosts_ceilings_hold(install: Install, settings: Settings) -> None:
    install("demo", "resources: {limits: {cpu: 64, memory: 1Ti}}")
    settings.PLEXICHAT_PLUGIN_MAX_CPU_MILLICORES = 1500
    settings.PLEXICHAT_PLUGIN_MAX_MEMORY_BYTES = 10**9
    (wanted,) = queries.wanted_plugins()
    assert (wanted.cpu_millicores, wanted.memory_bytes) == (1500, 10**9)


def test_disabled_plugins_are_known_but_not_wanted(install: Install) -> None:
    install("demo")
    assert [wanted.enabled for wanted in queries.wanted_plugins()] == [False]


def test_asking_costs_the_same_for_many(
    install: Install, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for at in range(5):
        install(f"demo_{at}")
    with django_assert_num_queries(3):
        assert len(queries.wanted_plugins()) == 5
    with django_assert_num_queries(2):
        queries.board()
    with django_assert_num_queries(1):
        queries.generation()


def test_the_board_has_enabled_and_described_plugins_in_order(install: Install) -> None:
    for name in ("bb", "aa", "cc", "undescribed", "disabled"):
        plugin = install(name)
        assert plugin.release is not None
        if name != "undescribed":
            services.describe(plugin.release.pk, hooks=[], endpoints=[], sockets=[])
        if name != "disabled":
            services.enable(name)
    services.set_policy("cc", priority=1, fail_policy="closed", deadline_ms=50)
    board = queries.board()
    assert [row.name for row in board.plugins] == ["cc", "aa", "bb"]
    assert (board.plugins[0].fail_policy, board.plugins[0].deadline_ms) == ("closed", 50)
    assert board.generation == queries.generation()


def test_the_board_tells_the_state_and_why(install: Install) -> None:
    plugin = install("demo")
    assert plugin.release is not None
    services.describe(plugin.release.pk, hooks=[], endpoints=[], sockets=[])
    services.enable("demo")
    services.observe("demo", state=State.BACKING_OFF, reason="memory limit 256Mi reached")
    (row,) = queries.board().plugins
    assert row.state == State.BACKING_OFF
    assert row.reason == "memory limit 256Mi reached"


@pytest.mark.parametrize("name", ["demo", None])
def test_problems_are_merged_by_key(install: Install, name: str | None) -> None:
    install("demo")
    services.raise_problem(name, "late", "took 1.2 s", details={"ms": 1200})
    services.raise_problem(name, "late", "took 1.5 s", details={"ms": 1500})
    services.raise_problem(name, "other", "else")
    problem = Problem.objects.get(key="late")
    assert (problem.count, problem.message, problem.details) == (2, "took 1.5 s", {"ms": 1500})
    assert problem.last_seen > problem.first_seen


def test_a_dismissed_problem_comes_back_when_it_happens_again(install: Install) -> None:
    install("demo")
    services.raise_problem("demo", "late", "x")
    services.dismiss(Problem.objects.get().pk)
    assert Problem.objects.get().dismissed
    services.raise_problem("demo", "late", "x")
    assert not Problem.objects.get().dismissed


def test_any_words_of_a_plugin_make_a_problem(install: Install) -> None:
    install("demo")
    details = {"traceback": "x" * 50_000 + "\0end", "times": 2}
    services.raise_problem("demo", "k\0ey", "mess\0age", details=details)
    problem = Problem.objects.get()
    assert (problem.key, problem.message) == ("k\ufffdey", "mess\ufffdage")
    assert len(problem.details["traceback"]) == 20_000
    assert problem.details["traceback"].endswith("\ufffdend")
    assert problem.details["times"] == 2
