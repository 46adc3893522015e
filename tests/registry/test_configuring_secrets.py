"""Secrets in configurations: encrypted where they rest, seen by nobody, kept through everything."""

from __future__ import annotations

import io
import json
import logging
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from plugins_registry import crypto, keys, queries, services
from plugins_registry.exceptions import ChangeNotFound, ConfigurationRefused
from plugins_registry.models import BinEntry, Configuration, ConfigurationChange, Plugin, Problem
from tests.registry.conftest import Install
from tests.registry.test_keys import fresh_key

pytestmark = [pytest.mark.django_db, pytest.mark.backends, pytest.mark.usefixtures("_plugin")]

SECRET = "hunter2-hunter2"
MANIFEST = """
settings_schema:
  type: object
  additionalProperties: false
  properties:
    days: {type: integer, default: 90}
    api_key: {type: string, secret: true, minLength: 3}
    server:
      type: object
      properties:
        host: {type: string, default: localhost}
        password: {type: string, secret: true}
"""


@pytest.fixture
def _plugin(install: Install) -> None:
    install("demo", MANIFEST)


def command(*words: str) -> str:
    out = io.StringIO()
    call_command("plugin", *words, stdout=out)
    return out.getvalue()


def everything_stored() -> str:
    rows = [*Configuration.objects.values(), *ConfigurationChange.objects.values()]
    return str([*rows, *BinEntry.objects.values(), *Problem.objects.values()])


def opened(name: str = "demo") -> dict[str, Any]:
    return queries.opened_config(name).stored


def test_a_secret_rests_encrypted_and_only_the_plugin_reads_it() -> None:
    shown = services.configure("demo", {"api_key": SECRET, "server.password": SECRET})
    assert shown == {"api_key": "(secret)", "server": {"password": "(secret)"}}
    assert SECRET not in everything_stored()
    assert opened() == {"api_key": SECRET, "server": {"password": SECRET}}
    (wanted,) = queries.wanted_plugins()
    assert (wanted.config["api_key"], wanted.stored_config) == (SECRET, opened())
    assert SECRET not in repr(wanted) + repr(queries.opened_config("demo"))


def test_no_way_of_looking_shows_a_secret(
    admin_client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    services.configure("demo", {"api_key": SECRET, "server": {"password": SECRET}, "days": 5})
    looks = [
        command("config", "demo"),
        command("config", "demo", "--get", "api_key"),
        command("config", "demo", "--get", "server"),
        command("config", "demo", "--history"),
        command("config", "demo", "--history", "--json"),
        command("show", "demo"),
        command("show", "demo", "--json"),
    ]
    for model in (Configuration, ConfigurationChange):
        base, row = f"admin:plugins_registry_{model._meta.model_name}", model.objects.get()
        looks.append(admin_client.get(reverse(f"{base}_changelist")).content.decode())
        looks.append(admin_client.get(reverse(f"{base}_change", args=[row.pk])).content.decode())
    assert all(SECRET not in look and "plx1." not in look for look in looks)
    assert "(secret)" in looks[0]
    assert "(secret)" in looks[-1]
    assert SECRET not in caplog.text


def test_a_refusal_quotes_no_secret() -> None:
    with pytest.raises(ConfigurationRefused) as refused:
        services.configure("demo", {"api_key": "no", "server.password": 12345678, "days": "x"})
    assert "api_key: must have at least 3 characters" in str(refused.value)
    assert "12345678" not in str(refused.value)


def test_the_word_for_a_secret_leaves_it_as_it_is() -> None:
    services.configure("demo", {"api_key": SECRET})
    services.configure("demo", {**queries.stored_config("demo"), "days": 5})
    assert opened() == {"api_key": SECRET, "days": 5}
    services.configure("demo", {}, unset=["api_key"])
    with pytest.raises(ConfigurationRefused, match="none is; give it itself"):
        services.configure("demo", {"api_key": "(secret)"})


def test_a_secret_comes_from_a_file_or_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key.txt").write_text(f"{SECRET}\n")
    command("config", "demo", "--set-file", f"api_key={tmp_path / 'key.txt'}")
    typed = io.TextIOWrapper(io.BytesIO(b"12345"))
    monkeypatch.setattr("sys.stdin", typed)
    command("config", "demo", "--set-file", "server.password=-")
    assert opened() == {"api_key": SECRET, "server": {"password": "12345"}}
    with pytest.raises(CommandError, match="cannot be read as text: FileNotFoundError"):
        command("config", "demo", "--set-file", "api_key=/nowhere/at/all")
    (tmp_path / "large").write_bytes(b"x" * 70_000)
    with pytest.raises(CommandError, match="larger than the 65536 bytes"):
        command("config", "demo", "--set-file", f"api_key={tmp_path / 'large'}")


def test_the_history_tells_that_a_secret_changed_and_no_more(admin_user: Any) -> None:
    services.configure("demo", {"api_key": SECRET, "days": 5}, by=admin_user)
    services.configure("demo", {"api_key": SECRET})  # the same again is no change
    services.configure("demo", {"api_key": "another"})
    services.update_own_config("demo", {"days": 6})
    told = json.loads(command("config", "demo", "--history", "--json"))
    assert [(each["who"], each["changes"]) for each in told] == [
        ("the plugin", [{"key": "days", "before": 5, "after": 6}]),
        (
            "command line",
            [{"key": "api_key", "before": "(secret)", "after": "(secret, changed)"}],
        ),
        (
            admin_user.username,
            [
                {"key": "api_key", "before": None, "after": "(secret)"},
                {"key": "days", "before": None, "after": 5},
            ],
        ),
    ]


def test_what_is_required_and_missing_is_told_and_freezes_nothing(install: Install) -> None:
    more = MANIFEST.replace("  type: object\n", "  type: object\n  required: [api_key]\n", 1)
    install("strict", more)
    missing = ["api_key: is required and not set"]
    assert json.loads(command("show", "strict", "--json"))["config_problems"] == missing
    services.configure("strict", {"days": 5})
    services.configure("strict", {"api_key": SECRET})
    assert queries.config_problems("strict") == []
    with pytest.raises(ConfigurationRefused, match="api_key: is required and not set"):
        services.configure("strict", {}, unset=["api_key"])


def test_going_back_brings_values_and_secrets_and_can_be_undone() -> None:
    services.configure("demo", {"api_key": SECRET, "days": 5})
    first = queries.config_history("demo")[0].id
    services.configure("demo", {"api_key": "another", "server.host": "h"}, unset=["days"])
    second = queries.config_history("demo")[0].id
    command("config", "demo", "--return-to", str(first))
    assert opened() == {"api_key": SECRET, "days": 5}
    services.return_config("demo", second)
    assert opened() == {"api_key": "another", "server": {"host": "h"}}
    services.return_config("demo", 0)
    assert opened() == {}
    with pytest.raises(ChangeNotFound, match="there is no change 999999"):
        services.return_config("demo", 999999)


def test_one_plugins_history_is_nothing_to_another(install: Install) -> None:
    install("other", MANIFEST)
    services.configure("demo", {"api_key": SECRET})
    with pytest.raises(ChangeNotFound):
        services.return_config("other", queries.config_history("demo")[0].id)


def test_the_history_is_bounded(settings: Settings) -> None:
    settings.PLEXICHAT_CONFIG_HISTORY = 3
    for days in range(5):
        services.configure("demo", {"days": days})
    assert [each.differences[0].after for each in queries.config_history("demo")] == [4, 3, 2]


def test_a_token_of_another_plugin_in_the_row_is_no_secret_here(install: Install) -> None:
    install("other", MANIFEST)
    services.configure("demo", {"api_key": SECRET})
    stolen = Configuration.objects.get(plugin__name="demo").values
    Configuration.objects.create(plugin=Plugin.objects.get(name="other"), values=stolen)
    assert opened("other") == {}
    assert opened("demo") == {"api_key": SECRET}


def test_an_uninstalled_plugins_secrets_stay_encrypted_and_come_back() -> None:
    services.configure("demo", {"api_key": SECRET})
    services.uninstall("demo")
    assert SECRET not in everything_stored()
    services.restore("demo")
    assert opened() == {"api_key": SECRET}
    assert len(queries.config_history("demo")) == 1


class TestRotation:
    """A new first key."""

    old, new = fresh_key(), fresh_key()

    @pytest.fixture(autouse=True)
    def _secrets(self, settings: Settings, _plugin: None) -> None:
        settings.PLEXICHAT_ENCRYPTION_KEYS = (self.old,)
        services.configure("demo", {"api_key": SECRET, "days": 5})
        services.configure("demo", {"api_key": "another"})
        settings.PLEXICHAT_ENCRYPTION_KEYS = (self.new, self.old)

    def test_every_stored_secret_gets_the_first_key(self, settings: Settings) -> None:
        first = queries.config_history("demo")[-1].id
        assert services.rotate_secrets().renewed == 4
        assert services.rotate_secrets().renewed == 0
        settings.PLEXICHAT_ENCRYPTION_KEYS = (self.new,)
        assert opened() == {"api_key": "another", "days": 5}
        services.return_config("demo", first)
        assert opened() == {"api_key": SECRET, "days": 5}

    def test_the_history_still_tells_the_same(self) -> None:
        before = queries.config_history("demo")
        services.rotate_secrets()
        assert queries.config_history("demo") == before

    def test_secrets_in_the_bin_are_renewed_too(self, settings: Settings) -> None:
        services.uninstall("demo")
        services.rotate_secrets()
        settings.PLEXICHAT_ENCRYPTION_KEYS = (self.new,)
        services.restore("demo")
        assert opened() == {"api_key": "another", "days": 5}

    def test_a_dropped_key_is_told_and_does_not_stop_the_rest(self, settings: Settings) -> None:
        settings.PLEXICHAT_ENCRYPTION_KEYS = (fresh_key(),)
        assert opened() == {"days": 5}
        assert queries.stored_config("demo")["api_key"] == "(secret, its encryption key is gone)"
        assert "demo: 4 secrets cannot be opened" in command("rotate-keys")
        services.configure("demo", {"api_key": "set anew"})
        assert opened()["api_key"] == "set anew"

    def test_tokens_of_plugins_are_counted_by_key(self, monkeypatch: pytest.MonkeyPatch) -> None:
        _, old = keys.key_ids()
        monkeypatch.setattr(crypto, "counters", [])
        assert f"keep the old keys ({old})" in command("rotate-keys")
        counter = Counter({("demo", crypto.prefix(old)): 7})
        monkeypatch.setattr(crypto, "counters", [counter])
        told = command("rotate-keys")
        assert f"demo: 7 tokens in its database still need the key {old}" in told
        assert f"still needed: {old}" in told
        counter.counts.clear()
        assert f"{old} may be dropped" in command("rotate-keys")
        assert json.loads(command("rotate-keys", "--json"))["droppable"] == [old]


class Counter:
    """Counts as a database of plugins does."""

    def __init__(self, counts: dict[tuple[str, str], int]) -> None:
        self.counts = counts

    def count_texts(self, plugin: str, prefix: str) -> int:
        return self.counts.get((plugin, prefix), 0)
