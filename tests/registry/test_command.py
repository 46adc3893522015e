"""`manage.py plugin`: everything from a shell."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import OperationalError

from plugins_registry import queries, services, waiting
from plugins_registry.commands import logs
from plugins_registry.models import Plugin, Problem
from plugins_registry.states import State
from tests.registry.conftest import Install, Write, tree

pytestmark = pytest.mark.django_db

ASKS = "permissions: {required: [user_data_read], optional: [more], users: [demo.read]}"


def run(*words: object) -> str:
    out = StringIO()
    call_command("plugin", *map(str, words), stdout=out)
    return out.getvalue()


def run_json(*words: object) -> Any:
    return json.loads(run(*words, "--json"))


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Instead of the runtime's settlers, one that writes down that it was called."""
    calls: list[str] = []
    monkeypatch.setattr(waiting, "settlers", [lambda: calls.append("settled")])
    return calls


@pytest.fixture
def supervised(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Lets a state be observed at the first poll."""

    def _supervised(state: State, reason: str = "") -> None:
        def see(_seconds: float) -> None:
            services.observe("demo", state=state, reason=reason)

        monkeypatch.setattr("plugins_registry.waiting.sleep", see)

    return _supervised


def test_install_grant_enable_in_one_go(write: Write, home: Path) -> None:
    source = write("demo", ASKS)
    text = run("install", source, "--grant-all", "--allow-unsigned", "--enable")
    assert "demo 1.0.0 is installed" in text
    plugin = Plugin.objects.get()
    assert (plugin.is_enabled, plugin.grants.count()) == (True, 2)


def test_install_again_says_so(write: Write, home: Path) -> None:
    source = write("demo")
    run("install", source, "--allow-unsigned")
    assert "was already installed" in run("install", source, "--allow-unsigned")


def test_install_shows_warnings(write: Write, home: Path) -> None:
    text = run("install", write("demo", "hooks: [mesage_sent]"), "--allow-unsigned")
    assert "warning: hooks[0]: 'mesage_sent' is not a core hook; did you mean" in text


def test_install_waits_until_active(
    write: Write, home: Path, supervised: Callable[..., None], settled: list[str]
) -> None:
    supervised(State.ACTIVE)
    text = run("install", write("demo"), "--allow-unsigned", "--enable", "--wait", 5)
    assert "demo is enabled and active" in text
    assert settled == ["settled"]


def test_a_refusal_is_a_failed_command(write: Write, home: Path) -> None:
    with pytest.raises(CommandError, match="its package is not signed"):
        run("install", write("demo"))


def test_enable_with_a_missing_grant_fails(write: Write, home: Path) -> None:
    with pytest.raises(CommandError, match="which nobody granted"):
        run("install", write("demo", ASKS), "--allow-unsigned", "--enable")
    run("grant", "demo", "user_data_read")
    assert "the supervisor starts it" in run("enable", "demo")


def test_waiting_ends_early_when_it_is_quarantined(
    install: Install, supervised: Callable[..., None], settled: list[str]
) -> None:
    install("demo")
    supervised(State.QUARANTINED, "it fell thrice")
    with pytest.raises(CommandError, match="demo' is quarantined: it fell thrice"):
        run("enable", "demo", "--wait", 60)
    assert settled == []


def test_an_old_quarantine_does_not_end_a_new_wait(
    install: Install, supervised: Callable[..., None], settled: list[str]
) -> None:
    install("demo")
    services.enable("demo")
    services.observe("demo", state=State.QUARANTINED, reason="it fell thrice")
    supervised(State.ACTIVE)
    assert "active" in run("enable", "demo", "--wait", 60)


def test_a_restart_is_waited_for_even_while_it_is_still_active(
    install: Install, supervised: Callable[..., None], settled: list[str]
) -> None:
    install("demo")
    services.enable("demo")
    services.observe("demo", state=State.ACTIVE)
    with pytest.raises(CommandError, match="The supervisor may not be running"):
        run("restart", "demo", "--wait", 0)
    supervised(State.ACTIVE)
    assert "restarted and active" in run("restart", "demo", "--wait", 60)


def test_time_that_is_out_is_a_failure_with_a_hint(install: Install) -> None:
    install("demo")
    with pytest.raises(CommandError, match=r"after 0 seconds\). The supervisor may not be running"):
        run("enable", "demo", "--wait", 0)


def test_disable_waits_until_stopped(
    install: Install, supervised: Callable[..., None], settled: list[str]
) -> None:
    install("demo")
    services.enable("demo")
    services.observe("demo", state=State.ACTIVE)
    supervised(State.STOPPED)
    assert "disabled and stopped" in run("disable", "demo", "--wait", 60)
    assert settled == ["settled"]


def test_uninstall_waits_until_stopped(
    install: Install, supervised: Callable[..., None], settled: list[str]
) -> None:
    install("demo")
    services.observe("demo", state=State.ACTIVE)
    with pytest.raises(CommandError, match="is active"):
        run("uninstall", "demo", "--wait", 0)
    assert Plugin.objects.exists()
    supervised(State.STOPPED)
    assert "is uninstalled" in run("uninstall", "demo", "--wait", 60)
    assert not Plugin.objects.exists()


def test_check_installs_nothing(write: Write, home: Path) -> None:
    text = run("check", write("demo", ASKS))
    assert "demo 1.0.0 can be installed" in text
    assert "requires: user_data_read" in text
    assert (tree(home), Plugin.objects.count()) == ({}, 0)


def test_check_tells_all_problems(write: Write, home: Path) -> None:
    with pytest.raises(CommandError, match="2 problems"):
        run("check", write("demo", "hooks: ['?']\nendpoints: [x]"))


def test_list_and_show(install: Install) -> None:
    assert "no plugin is installed" in run("list")
    install("demo", ASKS)
    services.observe("demo", state=State.QUARANTINED, reason="it\nfell", stack="the stack")
    (line,) = run("list").splitlines()[1:]
    assert line.split() == ["demo", "1.0.0", "disabled", "quarantined", "100", "it", "fell"]
    assert "grants: more, user_data_read" in run("show", "demo")
    assert "the stack" in run("show", "demo")


def test_no_reason_looks_like_another_fact(install: Install) -> None:
    install("demo")
    services.observe("demo", state=State.QUARANTINED, reason="x\nsandbox_level: full", stack="y\nz")
    lines = run("show", "demo").splitlines()
    assert "    sandbox_level: full" in lines
    assert "sandbox_level: full" not in lines
    assert lines[-3:] == ["last stack:", "    y", "    z"]


def test_readers_write_json(install: Install) -> None:
    install("demo", ASKS)
    services.raise_problem("demo", "late", "took long")
    assert run_json("list")[0]["state"] == "stopped"
    assert run_json("show", "demo")["manifest"]["name"] == "demo"
    assert run_json("problems", "demo")[0]["message"] == "took long"


def test_config_is_shown_set_and_unset(install: Install, settled: list[str]) -> None:
    install("demo", "settings: {days: 90, rate: {burst: 5}, mode: mask}")
    run("config", "demo", "--set", "rate.burst=7", "--set", "mode=block", "--wait", 1)
    assert json.loads(run("config", "demo")) == {"days": 90, "rate": {"burst": 7}, "mode": "block"}
    assert run("config", "demo", "--get", "rate.burst").strip() == "7"
    run("config", "demo", "--unset", "rate.burst")
    assert queries.effective_config("demo")["rate"] == {"burst": 5}
    assert settled == ["settled"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--set", "days=x"], "days: expected a whole number, got 'x'"),
        (["--get", "nothing"], "there is no setting 'nothing'; known are: days"),
        (["--set", "days"], "'days' is not KEY=JSON"),
    ],
    ids=["type", "unknown", "no value"],
)
def test_config_says_what_is_wrong(install: Install, words: list[str], message: str) -> None:
    install("demo", "settings: {days: 90}")
    with pytest.raises(CommandError, match=message):
        run("config", "demo", *words)


def test_trust_is_given_and_taken(install: Install) -> None:
    install("demo", ASKS)
    get_user_model().objects.create_user(username="ada", password="x")
    assert "ada holds: demo.read" in run("permit", "ada", "demo.read")
    assert "demo may no longer: more" in run("revoke", "demo", "more")
    assert "demo may now: more" in run("grant", "demo", "more")


def test_policy_is_shown_and_changed(install: Install) -> None:
    install("demo")
    assert "fail policy open, priority 100, deadline 1000 ms" in run("policy", "demo")
    words = ["--fail-policy", "closed", "--priority", 1, "--deadline-ms", 50]
    assert "fail policy closed, priority 1, deadline 50 ms" in run("policy", "demo", *words)


def test_problems_are_listed_and_dismissed(install: Install) -> None:
    install("demo")
    assert "no problems" in run("problems")
    services.raise_problem("demo", "late", "took long")
    assert "took long" in run("problems")
    assert "no problems" in run("problems", "--dismiss", Problem.objects.get().pk)
    assert "took long" in run("problems", "--all")


def test_a_problem_is_shown_in_full(install: Install) -> None:
    install("demo")
    stack = 'Traceback:\n  File "plugin.py"\nid: 9\n\x1b[2Jforged'
    services.raise_problem("demo", "late", "took long", details={"traceback": stack})
    shown = run("problems", "--show", Problem.objects.get().pk).splitlines()
    assert "message: took long" in shown
    assert '      File "plugin.py"' in shown
    assert "    id: 9" in shown  # no line of a plugin's looks like one of ours
    assert "\x1b" not in "".join(shown)
    assert "no problem has the id 0" in run("problems", "--show", 0)


def test_a_rollback_that_cannot_be_is_not_called_an_upgrade(install: Install) -> None:
    install("demo")
    with pytest.raises(CommandError, match=r"not rolled back: there is no earlier release"):
        run("rollback", "demo")


def test_an_unknown_plugin_is_a_failure_everywhere(install: Install) -> None:
    for verb in ("show", "enable", "disable", "restart", "uninstall", "config", "logs", "policy"):
        with pytest.raises(CommandError, match="no plugin 'other' is installed"):
            run(verb, "other")


def test_a_database_without_tables_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("no such table: plugins_registry_plugin")

    monkeypatch.setattr(services, "restart", fail)
    with pytest.raises(CommandError, match=r"no such table.*manage\.py run"):
        run("restart", "demo")


class TestLogs:
    """What a plugin wrote."""

    @pytest.fixture
    def log(self, install: Install) -> Path:
        install("demo")
        path = logs.log_path("demo")
        path.parent.mkdir(parents=True)
        return path

    @staticmethod
    def record(message: str) -> str:
        return json.dumps({"time": "12:00", "level": "INFO", "message": message}) + "\n"

    def test_nothing_was_logged_yet(self, log: Path) -> None:
        assert run("logs", "demo") == ""

    def test_the_last_lines_are_shown(self, log: Path) -> None:
        log.write_text("".join(self.record(f"m{at}") for at in range(100)))
        assert run("logs", "demo", "--lines", 2) == "12:00 INFO m98\n12:00 INFO m99\n"

    def test_escape_sequences_cannot_steer_the_terminal(self, log: Path) -> None:
        log.write_text(self.record("\x1b[2Jgone\u202e\x07") + "\x1b[2Jraw\n")
        text = run("logs", "demo")
        assert "gone" in text
        assert not set("\x1b\x07\u202e") & set(text)

    def test_no_record_looks_like_two(self, log: Path) -> None:
        log.write_text(self.record("one\n12:00 INFO two"))
        assert run("logs", "demo") == "12:00 INFO one\n    12:00 INFO two\n"

    def test_json_lines_stay_json(self, log: Path) -> None:
        log.write_text(self.record("\x1b[2J"))
        assert json.loads(run("logs", "demo", "--json"))["message"] == "\x1b[2J"

    def test_exceptions_and_extras_are_shown(self, log: Path) -> None:
        log.write_text(json.dumps({"message": "m", "extra": {"a": 1}, "exception": "Trace"}) + "\n")
        assert run("logs", "demo").split() == ["m", '{"a":', "1}", "Trace"]

    def test_new_lines_are_followed_through_rotation(
        self, log: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        log.write_text("old\n")
        following = logs.Log(log)
        assert list(following.written()) == ["old\n"]
        steps: Iterator[Callable[[], object]] = iter(
            [
                lambda: log.write_text("old\npar"),
                lambda: log.write_text("old\npartial\n"),
                lambda: log.rename(log.with_suffix(".1")),
                lambda: log.write_text("fresh\n"),
            ]
        )

        def go_on(_seconds: float) -> None:
            next(steps)()

        monkeypatch.setattr("plugins_registry.commands.log_lines.sleep", go_on)
        lines = following.coming()
        assert [next(lines), next(lines)] == ["partial\n", "fresh\n"]
        following.close()
