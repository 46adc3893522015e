"""What a plugin owns: found again after an uninstall, exported, and purged without a trace."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from textwrap import dedent

import pytest

from plugin_runtime import conversations
from plugins_registry import belongings, crypto, keys, services, waiting
from tests.platform import Platform
from tests.waiting import wait_for

pytestmark = pytest.mark.backends

CODE = """
    from plexichat_plugin_sdk import Plugin, endpoint
    from plexichat_plugin_sdk.cache import get_cache_client
    from plexichat_plugin_sdk.database import get_db_connection

    class Diary(Plugin):
        @endpoint("/api/v1/{name}", methods=["POST"])
        def write(self, request):
            cache = get_cache_client()
            with get_db_connection() as db:
                db.execute("INSERT INTO days (text) VALUES (%s)", (request.body["text"],))
            self.logger.info("written")
            return cache.incr("written")

        @endpoint("/api/v1/{name}")
        def read(self, request):
            with get_db_connection() as db:
                days = [row[0] for row in db.execute("SELECT text FROM days ORDER BY text")]
            return [days, int(get_cache_client().get("written") or 0)]
"""


def diary(folder: Path, name: str) -> Path:
    root = folder / name
    (root / "migrations").mkdir(parents=True)
    (root / "migrations" / "0001_days.sql").write_text("CREATE TABLE days (text TEXT)")
    (root / "plugin.py").write_text(dedent(CODE).format(name=name))
    (root / "plugin.yaml").write_text(f'plugin:\n  name: {name}\n  version: "1.0.0"\n')
    return root


def call(name: str, method: str, body: object = None) -> object:
    path = f"/api/v1/{name}"
    payload = {"user_id": "u", "method": method, "path": path, "body": body}
    return conversations.call(name, "endpoint", f"{method} {path}", payload, deadline_ms=10_000)[2]


def owned(name: str) -> dict[str, dict[str, int]]:
    return {keeper.name: keeper.summary(name) for keeper in belongings.keepers()}


def gone(platform: Platform, name: str) -> None:
    waiting.settle()
    wait_for(lambda: name not in platform.supervisor.pids, what="its end")


def test_two_plugins_never_meet_and_what_is_kept_is_found_again(
    platform: Platform, tmp_path: Path
) -> None:
    for name in ("mine", "yours"):
        platform.install(diary(tmp_path / "packages", name))
    call("mine", "POST", {"text": "a secret"})
    assert call("mine", "GET") == [["a secret"], 1]
    assert call("yours", "GET") == [[], 0]

    services.uninstall("mine")
    gone(platform, "mine")
    platform.install(tmp_path / "packages" / "mine")
    assert call("mine", "GET") == [["a secret"], 1]

    services.export("mine", tmp_path / "mine.zip", configuration={})
    with zipfile.ZipFile(tmp_path / "mine.zip") as archive:
        everything = {name: archive.read(name).decode() for name in archive.namelist()}
    assert "a secret" in "".join(
        text for name, text in everything.items() if name.startswith("database/")
    )
    assert "written" in "".join(
        text for name, text in everything.items() if name.startswith("cache/")
    )
    assert any(name.startswith("files/") for name in everything)
    assert json.loads(everything["plugin.json"])["name"] == "mine"

    before = owned("mine")
    assert before["database"]["tables"] == 1
    assert before["cache"]["keys"] == 1
    services.uninstall("mine", purge=True)
    gone(platform, "mine")
    services.purge_belongings("mine")
    assert {count for counts in owned("mine").values() for count in counts.values()} == {0}
    assert owned("yours")["database"]["tables"] == 1

    platform.install(tmp_path / "packages" / "mine")
    assert call("mine", "GET") == [[], 0]


TOKENS = """
    from plexichat_plugin_sdk import Plugin
    from plexichat_plugin_sdk.database import get_db_connection
    from plexichat_plugin_sdk.security import encrypt_data

    class Safe(Plugin):
        def on_load(self, context):
            with get_db_connection() as db:
                db.execute("CREATE TABLE kept (number INTEGER, token TEXT)")
                for number in range(3):
                    db.execute("INSERT INTO kept VALUES (%s, %s)", (number, encrypt_data("x")))
"""


def test_tokens_of_old_keys_are_counted_where_plugins_keep_them(platform: Platform) -> None:
    platform.install(platform.write("safe", TOKENS))
    (key_id,) = keys.key_ids()
    (counter,) = crypto.counters
    assert counter.count_texts("safe", crypto.prefix(key_id)) == 3
    assert counter.count_texts("safe", crypto.prefix("00000000")) == 0
    assert counter.count_texts("nobody", crypto.prefix(key_id)) == 0
