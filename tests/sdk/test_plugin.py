"""A plugin is an ordinary class: with or without a host, `__init__` and `super()`."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest

import plexichat_plugin_sdk as sdk
from plexichat_plugin_sdk import Plugin, PluginContext, _host
from plexichat_plugin_sdk.config import get_config, merged, update_config
from plexichat_plugin_sdk.exceptions import PermissionError as Refusal
from plexichat_plugin_sdk.security import check_permission, get_user_permissions


class FakeHost:
    """Answers from a dict."""

    def __init__(self) -> None:
        self.identity = _host.Identity(
            plugin="my-sample", version="3.1.0", description="It is.", metadata={"tags": ["a"]}
        )
        self.config: dict[str, Any] = {"level": 1}
        self.answers: dict[str, Any] = {}
        self.told: list[tuple[str, dict[str, Any]]] = []

    def ask(self, what: str, arguments: dict[str, Any]) -> Any:
        answer = self.answers[what]
        return answer(**arguments) if callable(answer) else answer

    def tell(self, what: str, arguments: dict[str, Any]) -> None:
        self.told.append((what, arguments))


@pytest.fixture
def host() -> Iterator[FakeHost]:
    fake = FakeHost()
    _host.bind(fake)
    yield fake
    _host.bind(None)


def test_without_a_host_everything_has_a_harmless_value() -> None:
    class Sample(Plugin): ...

    plugin = Sample()
    assert (plugin.name, plugin.version, plugin.config) == ("Sample", "0.0.0", {})
    assert (plugin.description, plugin.metadata) == ("", {})
    assert isinstance(plugin.logger, logging.Logger)


def test_the_manifest_gives_the_defaults_even_without_super(host: FakeHost) -> None:
    class Sample(Plugin):
        def __init__(self) -> None:
            self.seen = (self.name, self.version, self.description, self.config, self.metadata)

        def on_load(self, context: PluginContext) -> None: ...

    seen = Sample().seen
    assert seen == ("my-sample", "3.1.0", "It is.", {"level": 1}, {"tags": ["a"]})


def test_what_the_author_assigns_wins(host: FakeHost) -> None:
    class Sample(Plugin):
        version = "9"
        config = {"mine": True}

        def __init__(self) -> None:
            self.name = "other"

    plugin = Sample()
    assert (plugin.name, plugin.version, plugin.config) == ("other", "9", {"mine": True})


def test_on_load_of_the_base_keeps_the_context() -> None:
    context = PluginContext(name="n", version="2", config={"a": 1})
    plugin = Plugin()
    plugin.on_load(context)
    assert plugin.context is context
    assert (plugin.name, plugin.config, plugin.logger.name) == ("n", {"a": 1}, "plugin.n")
    assert "'n' 2" in repr(context)


def test_the_class_itself_and_the_empty_methods_are_harmless() -> None:
    assert [Plugin.name, Plugin.context] == ["", None]
    assert Plugin().on_unload() is None  # type: ignore[func-returns-value]
    assert Plugin().on_config_changed({}) is None  # type: ignore[func-returns-value]


def test_questions_outside_a_host_say_so() -> None:
    for question in (
        lambda: check_permission("u", "p"),
        lambda: get_user_permissions("u"),
        lambda: get_config("n", {}),
    ):
        with pytest.raises(sdk.PluginError, match="asked outside a plugin host"):
            question()


def test_permissions_are_the_hosts_answer(host: FakeHost) -> None:
    host.answers["permissions.check"] = lambda user_id, permission: (
        (user_id, permission)
        == (
            "u",
            "p.read",
        )
    )
    host.answers["permissions.of_user"] = lambda user_id: {"b", "a"}
    assert check_permission("u", "p.read")
    assert not check_permission("u", "p.write")
    assert get_user_permissions("u") == ["a", "b"]


def test_stored_values_lie_over_the_defaults_deeply_and_fresh(host: FakeHost) -> None:
    stored = {"rate": {"burst": 1}, "domains": ["b"]}
    host.answers["config.get"] = {"stored": stored, "effective": {"x": 1} | stored}
    defaults = {"rate": {"burst": 9, "minute": 60}, "domains": ["a"], "timeout": 3}
    config = get_config("my-sample", defaults)
    assert config == {"rate": {"burst": 1, "minute": 60}, "domains": ["b"], "timeout": 3}
    config["rate"]["minute"] = 0
    config["domains"].append("c")
    assert (defaults["rate"], stored["domains"]) == ({"burst": 9, "minute": 60}, ["b"])
    assert get_config() == {"x": 1, "rate": {"burst": 1}, "domains": ["b"]}


@pytest.mark.parametrize("name", ["my-sample", "my_sample", "My Sample", None])
def test_a_plugin_may_spell_its_name_as_it_likes(host: FakeHost, name: str | None) -> None:
    host.answers["config.get"] = {"stored": {}, "effective": {}}
    assert get_config(name, {"a": 1}) == {"a": 1}


def test_another_plugins_name_is_refused(host: FakeHost) -> None:
    with pytest.raises(
        Refusal, match="'other' is not this plugin's name; 'my-sample' has only its own"
    ):
        get_config("other", {})
    with pytest.raises(PermissionError):
        get_config("other", {})


def test_a_mapping_replaces_a_scalar_and_the_other_way_round() -> None:
    assert merged({"a": 1, "b": {"c": 1}}, {"a": {"d": 1}, "b": 2}) == {"a": {"d": 1}, "b": 2}


def test_a_change_is_asked_for_and_told_to_the_process(
    host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []
    monkeypatch.setattr("plexichat_plugin_sdk.config.update_listeners", [told.append])
    host.answers["config.update"] = lambda values: {"effective": {**values, "b": 2}}
    update_config("my-sample", {"a": (1,)})
    assert told == [{"a": [1], "b": 2}]


@pytest.mark.parametrize(
    "values",
    [5, [("a", 1)], {"a": object()}, {"a": float("nan")}],
    ids=["number", "list", "object", "nan"],
)
def test_a_change_that_is_no_json_is_refused_before_it_is_asked_for(
    host: FakeHost, values: Any
) -> None:
    with pytest.raises(sdk.ValidationError):
        update_config("my-sample", values)
    with pytest.raises(PermissionError):
        update_config("other", {})


def test_a_binding_can_be_looked_up(host: FakeHost) -> None:
    assert _host.current() is host
