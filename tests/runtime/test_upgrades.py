"""Upgrades: tried beside what runs, switched without a gap, returned from when they fail."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from pytest_django import Settings

from plexichat.chat import services as chat
from plugin_runtime import conversations
from plugin_runtime.exceptions import PluginUnavailable
from plugins_registry import services, waiting
from plugins_registry.models import Plugin, Problem, Release, Upgrade
from plugins_registry.services.installing import Consent
from plugins_registry.waiting import WaitEnded
from tests.platform import Platform
from tests.waiting import wait_for

TRUST = Consent(allow_unsigned=True, grant_all=True)

#: Counts in its own table, shouts, and says which release it is.
CODE = """
    import time
    from plexichat_plugin_sdk import Plugin, endpoint, hook
    from plexichat_plugin_sdk.database import get_db_connection

    class Shop(Plugin):
        def on_load(self, context):
            {on_load}

        def self_test(self):
            {self_test}

        @hook("message_sent")
        def filter(self, message):
            {filter}
            message["content"] += " {version}"
            return message

        @endpoint("/api/v1/shop")
        def answer(self, request):
            with get_db_connection() as db:
                names = [column[0] for column in db.execute("SELECT * FROM sales").description]
            return ["{version}", names]
"""
FIRST = {"0001_sales.sql": "CREATE TABLE sales (id INTEGER)"}
SECOND = FIRST | {
    "0002_price.sql": "ALTER TABLE sales ADD COLUMN price INTEGER",
    "0002_price.down.sql": "ALTER TABLE sales DROP COLUMN price",
}


@pytest.fixture
def package(tmp_path: Path) -> Callable[..., Path]:
    """Writes a release of the shop."""

    def write(version: str, *, migrations: dict[str, str] = SECOND, **bodies: str) -> Path:
        folder = tmp_path / f"shop-{version}"
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "migrations").mkdir(parents=True)
        parts = {"on_load": "pass", "self_test": "pass", "filter": "pass", **bodies}
        (folder / "plugin.py").write_text(dedent(CODE).format(version=version, **parts))
        manifest = f'plugin:\n  name: shop\n  version: "{version}"\nsettings: {{limit: 1}}\n'
        (folder / "plugin.yaml").write_text(manifest)
        for name, sql in migrations.items():
            (folder / "migrations" / name).write_text(sql)
        return folder

    return write


@pytest.fixture
def shop(platform: Platform, package: Callable[..., Path]) -> Platform:
    """A platform on which release 1.0.0 of the shop runs."""
    platform.install(package("1.0.0", migrations=FIRST))
    return platform


def answer() -> list[Any]:
    payload = {"user_id": "u", "method": "GET", "path": "/api/v1/shop"}
    found = conversations.call("shop", "endpoint", "GET /api/v1/shop", payload, deadline_ms=10_000)
    return list(found[2])


def found() -> list[Any]:
    """The answer, or nothing while nobody answers."""
    with suppress(PluginUnavailable):
        return answer()
    return []


@contextmanager
def users(platform: Platform) -> Iterator[list[str]]:
    """People who never stop posting and calling; which release they met, or what failed."""
    met: list[str] = []
    over = threading.Event()
    channel, ada = platform.channel(), platform.person()

    def go_on() -> None:
        while not over.is_set():
            try:
                said = chat.post_message(ada, channel.public_id, content="hello")
                met.append(said.content.removeprefix("hello "))
                met.append(answer()[0])
            except Exception as error:
                met.append(repr(error))

    visitor = threading.Thread(target=go_on)
    visitor.start()
    try:
        wait_for(lambda: len(met) > 4, what="busy users")
        yield met
    finally:
        over.set()
        visitor.join()


def upgrade(source: Path) -> Upgrade:
    done = waiting.wait_until_tried(services.upgrade("shop", source, TRUST).pk, seconds=60)
    waiting.settle()
    return done


@pytest.mark.backends
def test_users_meet_the_new_release_and_no_failure(
    shop: Platform, package: Callable[..., Path]
) -> None:
    with users(shop) as met:
        done = upgrade(package("2.0.0"))
        wait_for(lambda: met[-2:] == ["2.0.0", "2.0.0"], what="the new release")
    assert set(met) == {"1.0.0", "2.0.0"}
    assert met == sorted(met)
    assert answer() == ["2.0.0", ["id", "price"]]
    assert done.state == "watched"
    assert done.report["self_test"] == "passed"
    assert done.report["replay"]["asked"] > 0


@pytest.mark.parametrize(
    ("bodies", "sentence"),
    [
        ({"on_load": "raise RuntimeError('no stock')"}, "it did not start: .*no stock"),
        ({"on_load": "time.sleep(60)"}, "it did not load within 2 s"),
        ({"on_load": "self.hoard = bytearray(512 * 1024**2)"}, "it did not start"),
        ({"self_test": "raise ValueError('bad sums')"}, "its self test failed: .*bad sums"),
        ({"self_test": "return False"}, "its self test failed: .*returned False"),
        ({"filter": "raise KeyError('price')"}, "it gave no usable answer to"),
        (
            {"migrations": FIRST | {"0002_bad.sql": "ALTER TABLE nowhere ADD COLUMN x INTEGER"}},
            "its migrations failed: migrations/0002_bad.sql, line 1",
        ),
    ],
    ids=["raises", "hangs", "hoards", "test raises", "test says no", "worse", "migration"],
)
def test_a_release_that_fails_its_trial_is_never_met(
    bodies: dict[str, Any],
    sentence: str,
    shop: Platform,
    package: Callable[..., Path],
    settings: Settings,
) -> None:
    settings.PLEXICHAT_PLUGIN_LOAD_SECONDS = 2.0
    with users(shop) as met, pytest.raises(WaitEnded, match=sentence):
        upgrade(package("2.0.0", **bodies))
    assert set(met) == {"1.0.0"}
    assert answer() == ["1.0.0", ["id"]]
    assert shop.plugin("shop").state == "active"
    assert "2.0.0 was refused, 1.0.0 goes on" in Problem.objects.get(key="upgrade").message
    assert upgrade(package("2.0.1")).state == "watched"
    assert answer() == ["2.0.1", ["id", "price"]]


@pytest.mark.backends
def test_a_release_that_dies_after_the_switch_is_returned_from(
    shop: Platform, package: Callable[..., Path]
) -> None:
    services.configure("shop", {"limit": 7})
    upgrade(package("2.0.0"))
    services.configure("shop", {"limit": 9})
    shop.kill("shop")
    wait_for(lambda: Upgrade.objects.get().state == "returned", what="the return")
    wait_for(lambda: found() == ["1.0.0", ["id"]], what="the old release and its tables")
    assert Plugin.objects.get().configuration.values == {"limit": 7}
    assert "2.0.0 was given up" in Problem.objects.get(key="upgrade").message


def test_a_release_that_stays_is_kept_with_those_before(
    shop: Platform, package: Callable[..., Path], settings: Settings
) -> None:
    settings.PLEXICHAT_UPGRADE_WATCH_SECONDS = 0
    for version in ("2.0.0", "2.1.0", "2.2.0"):
        upgrade(package(version))
        wait_for(lambda: Upgrade.objects.latest("pk").state == "done", what="the end of the watch")
    kept = Release.objects.order_by("pk").values_list("version", flat=True)
    assert list(kept) == ["2.0.0", "2.1.0", "2.2.0"]


def test_an_admin_returns_by_hand(shop: Platform, package: Callable[..., Path]) -> None:
    upgrade(package("2.0.0"))
    with users(shop) as met:
        services.rollback("shop")
        wait_for(lambda: met[-2:] == ["1.0.0", "1.0.0"], what="the old release")
    assert set(met) == {"1.0.0", "2.0.0"}
    assert answer() == ["1.0.0", ["id"]]


def test_a_stopped_plugin_is_upgraded_where_it_lies(
    shop: Platform, package: Callable[..., Path]
) -> None:
    services.disable("shop")
    shop.wait_for_state("shop", "stopped")
    assert upgrade(package("2.0.0")).state == "done"
    services.enable("shop")
    shop.wait_for_state("shop", "active")
    assert answer() == ["2.0.0", ["id", "price"]]
