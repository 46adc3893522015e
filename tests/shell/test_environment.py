"""What the operator states: read as it was meant, or refused by name."""

from __future__ import annotations

import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from plexichat import bounds
from plexichat.bootstrap import ROOT
from plexichat.environment import Environment
from plugin_runtime.sandbox.layers import Level


def test_what_is_not_set_leaves_the_default() -> None:
    env = Environment({"EMPTY": " "})
    assert env.text("EMPTY", "kept") == "kept"
    assert env.whole("EMPTY", 4) == 4
    assert env.words("EMPTY", ["a"]) == ["a"]
    assert env.flag("EMPTY", default=True)
    env.check()


@pytest.mark.parametrize(
    ("kind", "given", "meant"),
    [
        pytest.param("whole", "12", 12, id="whole"),
        pytest.param("seconds", "2.5", 2.5, id="seconds"),
        pytest.param("rate", "30/hour", "30/hour", id="rate"),
        pytest.param("words", "a, b,", ["a", "b"], id="words"),
    ],
)
def test_what_is_set_is_read(kind: str, given: str, meant: object) -> None:
    env = Environment({"X": given})
    assert getattr(env, kind)("X", None) == meant
    env.check()


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        pytest.param("whole", "many", id="no number"),
        pytest.param("whole", "-1", id="negative"),
        pytest.param("whole", "0", id="less than the least"),
        pytest.param("seconds", "0", id="no time"),
        pytest.param("seconds", "nan", id="not a number"),
        pytest.param("rate", "ten/min", id="no rate"),
        pytest.param("rate", "1/fortnight", id="no period"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(kind: str, given: str) -> None:
    env = Environment({"X": given})
    getattr(env, kind)("X", 1)
    with pytest.raises(ImproperlyConfigured, match=f"X: '{given}' is "):
        env.check()


def test_a_choice_is_read_in_any_case_and_refused_with_the_choices() -> None:
    env = Environment({"GOOD": "debug", "BAD": "loud"})
    assert env.choice("GOOD", "INFO", among=("DEBUG", "INFO")) == "DEBUG"
    assert env.choice("BAD", "INFO", among=("DEBUG", "INFO")) == "INFO"
    with pytest.raises(ImproperlyConfigured, match="one of DEBUG, INFO"):
        env.check()


@pytest.mark.parametrize(
    ("given", "meant"),
    [("1", True), ("True", True), ("on", True), ("0", False), ("no", False)],
)
def test_a_flag_is_a_yes_or_no(given: str, meant: bool) -> None:
    env = Environment({"X": given})
    assert env.flag("X", default=not meant) is meant
    env.check()


def test_a_listener_is_an_address_or_a_port() -> None:
    env = Environment({"A": "9100", "B": "10.0.0.1:9100", "C": "somewhere"})
    assert [env.listener(name) for name in "ABC"] == ["9100", "10.0.0.1:9100", ""]
    with pytest.raises(ImproperlyConfigured, match="C: 'somewhere'"):
        env.check()


def test_only_bounds_that_were_set_are_moved() -> None:
    env = Environment({"PLEXICHAT_PLUGIN_RATE": "5/s", "PLEXICHAT_PLUGIN_STOP_SECONDS": "1.5"})
    assert bounds.given(env) == {
        "PLEXICHAT_PLUGIN_RATE": "5/s",
        "PLEXICHAT_PLUGIN_STOP_SECONDS": 1.5,
    }


def test_the_sandbox_levels_are_those_of_the_runtime() -> None:
    levels = [level.label for level in sorted(Level, reverse=True)]
    assert [*bounds.SANDBOX_LEVELS, "none"] == levels


def test_all_problems_reach_the_operator_without_a_traceback() -> None:
    said = manage("serve", PLEXICHAT_HTTP_THREADS="abc", PLEXICHAT_SANDBOX_MINIMUM="strong")
    assert said.returncode == 1
    assert said.stderr.startswith("manage.py serve: the environment has 2 problems\n")
    assert "PLEXICHAT_HTTP_THREADS: 'abc'" in said.stderr
    assert "PLEXICHAT_SANDBOX_MINIMUM: 'strong' is not one of full, isolated" in said.stderr


def test_without_a_common_secret_production_is_refused() -> None:
    said = manage("serve", PLEXICHAT_REDIS_URL="redis://nowhere.invalid/0")
    assert said.stderr.startswith("manage.py serve: PLEXICHAT_SECRET_KEY is not set")


def manage(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={"PLEXICHAT_NO_BOOTSTRAP": "1", "PLEXICHAT_HOME": "/nonexistent", **variables},
        capture_output=True,
        text=True,
        check=False,
    )
