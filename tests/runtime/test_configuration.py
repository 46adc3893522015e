"""Configuration from inside a real sandbox: read, changed, told of, and kept apart."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plexichat_plugin_sdk._wire import codes
from plugin_runtime import conversations
from plugin_runtime.gateway import configuration, questions
from plugin_runtime.gateway.asking import Asker
from plugin_runtime.gateway.budget import Budget
from plugin_runtime.gateway.refusal import Refusal
from plugins_registry import queries, services
from plugins_registry.models import Configuration, ConfigurationChange
from tests.platform import Platform
from tests.sdk.reference import completed_plugin
from tests.waiting import wait_for

pytestmark = pytest.mark.backends

#: Answers with what it is told to evaluate: `name` is this plugin's, `heard` what it was told of.
CODE = """
from plexichat_plugin_sdk import Plugin, endpoint
from plexichat_plugin_sdk.config import get_config, update_config


class Probe(Plugin):
    heard = ()

    def on_config_changed(self, config):
        self.heard = (*self.heard, config["limits"]["burst"])

    @endpoint("/api/v1/NAME", methods=["POST"])
    def run(self, request):
        names = {"self": self, "get_config": get_config, "update_config": update_config}
        try:
            return {"answer": eval(request.body["code"], names)}
        except Exception as error:
            kinds = [kind.__name__ for kind in type(error).__mro__]
            return {"error": str(error), "kinds": kinds}
"""
MANIFEST = """
settings_schema:
  type: object
  additionalProperties: false
  properties:
    api_key: {type: string, secret: true, minLength: 4}
    domains: {type: array, items: {type: string}, default: [example.com]}
    limits:
      type: object
      additionalProperties: false
      properties:
        burst: {type: integer, minimum: 1, default: 10}
        rate: {type: number, default: 0.5}
"""
Run = Callable[[str], Any]


def asked(plugin: str, target: str, body: Any = None) -> Any:
    method, _, path = target.partition(" ")
    request = {"user_id": "u", "method": method, "path": path, "path_params": {}}
    request |= {"params": {}, "headers": {}, "body": body, "files": {}}
    return conversations.call(plugin, "endpoint", target, request, deadline_ms=9000)


def prober(platform: Platform, name: str = "probe") -> Run:
    """Install the probing plugin under a name; returns what runs an expression inside it."""
    platform.install(platform.write(name, CODE.replace("NAME", name), manifest=MANIFEST))
    return lambda code: asked(name, f"POST /api/v1/{name}", {"code": code})[2]


@pytest.fixture
def run(platform: Platform) -> Run:
    return prober(platform)


def test_the_reference_configures_itself(platform: Platform) -> None:
    source = platform.write("configurable", completed_plugin("ConfigurablePlugin"))
    platform.install(source)
    path = "/api/v1/myplugin/config"
    before = asked("configurable", f"GET {path}")[2]["config"]
    changed = asked("configurable", f"PUT {path}", {"timeout": 5, "rate_limit": {"burst_limit": 1}})
    after = asked("configurable", f"GET {path}")[2]["config"]
    assert (before["timeout"], before["rate_limit"]["burst_limit"]) == (30, 10)
    assert changed[2] == {"status": "success", "message": "Configuration updated"}
    assert after == {
        **before,
        "timeout": 5,
        "rate_limit": {"requests_per_minute": 60, "burst_limit": 1},
    }
    assert queries.config_history("configurable")[0].who == "the plugin"


def test_an_admins_change_is_heard_and_a_secret_arrives_readable(run: Run) -> None:
    services.configure("probe", {"api_key": "s3cret", "limits.burst": 3})
    wait_for(lambda: run("self.heard")["answer"] == [3], what="on_config_changed")
    assert run("self.config['api_key'] + get_config()['api_key']") == {"answer": "s3crets3cret"}
    assert "s3cret" not in str(Configuration.objects.values()) + str(
        ConfigurationChange.objects.values()
    )
    assert queries.effective_config("probe")["api_key"] == "(secret)"


def test_a_plugins_own_change_holds_at_once_and_is_heard(run: Run) -> None:
    news = "{'limits': {'burst': 4}, 'api_key': 'from me'}"
    done = run(f"(update_config('probe', {news}), self.config, get_config())")["answer"][1:]
    limits = {"burst": 4, "rate": 0.5}
    assert [each["limits"] for each in done] == [limits, limits]
    assert done[0]["api_key"] == "from me"
    wait_for(lambda: run("self.heard")["answer"] == [4], what="on_config_changed")
    assert queries.stored_config("probe") == {"limits": {"burst": 4}, "api_key": "(secret)"}
    refused = run("update_config('probe', {'limits': {'burst': 0, 'x': 1}, 'api_key': 'abc'})")
    assert "limits.burst: must be at least 1, got 0" in refused["error"]
    assert "limits.x: there is no such setting" in refused["error"]
    assert "api_key: must have at least 4 characters\n" in refused["error"] + "\n"
    assert refused["kinds"][:2] == ["ValidationError", "PluginError"]
    assert run("update_config('probe', 5)")["kinds"][0] == "ValidationError"
    assert run("get_config()")["answer"] == done[1]


def test_names_of_others_are_refused_and_settings_never_meet(platform: Platform, run: Run) -> None:
    other = prober(platform, "other")
    run("update_config('probe', {'api_key': 'mine mine'})")
    refused = [run("get_config('other')"), run("update_config('other', {'api_key': 'x' * 9})")]
    assert [each["kinds"][0] for each in refused] == ["PermissionError"] * 2
    assert run("update_config('Probe', {'limits': {'burst': 7}})") == {"answer": None}
    assert other("get_config()")["answer"] == {
        "domains": ["example.com"],
        "limits": {"burst": 10, "rate": 0.5},
    }


@pytest.fixture
def update(installed: None) -> Callable[[Any], Any]:
    """Asks the gateway as the plugin `probe` does, without a sandbox before it."""
    configuration._budgets.pop("probe", None)
    asker = Asker("probe", "1.0.0")
    return lambda values: questions.answer(asker, "config.update", {"values": values})


@pytest.fixture
def installed(db: None, home: Path, tmp_path: Path) -> None:
    (tmp_path / "probe").mkdir()
    (tmp_path / "probe" / "plugin.py").touch()
    head = "plugin: {name: probe, version: 1.0.0}"
    (tmp_path / "probe" / "plugin.yaml").write_text(head + MANIFEST)
    services.install(tmp_path / "probe", allow_unsigned=True)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"domains": ["x" * 70_000]}, "bytes; at most 65536 are stored"),
        ({"limits": {"$secret": "plx1.x"}}, "'$secret' cannot be a key"),
        ({"limits": {"burst": 2**63}}, "is too large; whole numbers have 64 bits"),
        ({"domains": ["a\0b"]}, "NUL"),
        ({"domains": ["\ud800"]}, "surrogate"),
        ({"domains": [b"raw"]}, "is not a JSON value"),
        ({"limits": {5: 5}}, "5 cannot be a key"),
        ({"api_key": "(secret)"}, "stands for the secret that is set, and none is"),
        (["domains"], "must be a mapping, got list"),
    ],
    ids=lambda value: "" if isinstance(value, str) else ascii(value)[:30],
)
def test_what_cannot_be_stored_is_refused(
    update: Callable[[Any], Any], values: Any, said: str
) -> None:
    with pytest.raises(Refusal, match=re.escape(said)) as refused:
        update(values)
    assert refused.value.code == codes.INVALID
    assert queries.stored_config("probe") == {}
    assert update({"domains": ["allowed"]})["effective"]["domains"] == ["allowed"]


def test_too_many_changes_are_refused_and_the_same_again_wakes_nobody(
    update: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    tight = Budget(per_second=0.001, at_once=3)
    monkeypatch.setitem(configuration._budgets, "probe", tight)
    update({"limits": {"burst": 2}})
    before = queries.generation()
    update({"limits": {"burst": 2}})
    assert queries.generation() == before
    update({"limits": {"burst": 3}})
    with pytest.raises(Refusal, match="changed too often") as refused:
        update({"limits": {"burst": 4}})
    assert refused.value.code == codes.LIMIT_REACHED
    assert queries.stored_config("probe") == {"limits": {"burst": 3}}
