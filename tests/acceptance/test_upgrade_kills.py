"""A server that is killed in every step of a trial ends in the old or in the new release."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.running import START_SECONDS, Host, command, furnish
from tests.waiting import wait_for
from tests.workers import free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

#: Slow enough to be killed in each step.
CODE = """
import time
from plexichat_plugin_sdk import Plugin, endpoint
from plexichat_plugin_sdk.database import get_db_connection

class Shop(Plugin):
    def on_load(self, context):
        time.sleep({pause})

    def self_test(self):
        time.sleep({pause})

    @endpoint("/api/v1/shop")
    def answer(self, request):
        with get_db_connection() as db:
            return {{"columns": len(db.execute("SELECT * FROM sales").description)}}
"""
STEPS = ("starting", "self test")


def write(folder: Path, version: str, pause: float, *migrations: str) -> Path:
    root = folder / version
    (root / "migrations").mkdir(parents=True)
    (root / "plugin.py").write_text(CODE.format(pause=pause))
    (root / "plugin.yaml").write_text(f'plugin: {{name: shop, version: "{version}"}}\n')
    for number, sql in enumerate(migrations, 1):
        (root / "migrations" / f"{number:04}_step.sql").write_text(sql)
    return root


def test_a_killed_trial_is_begun_again_and_comes_to_its_end(
    django_db_setup: None, tmp_path: Path
) -> None:
    with tempfile.TemporaryDirectory(prefix="plx-", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o711)
        home, port = furnish(Path(folder) / "home"), free_port()
        table, column = "CREATE TABLE sales (id INTEGER)", "ALTER TABLE sales ADD price INTEGER"
        old, new = (
            write(tmp_path, "1.0.0", 0.0, table),
            write(tmp_path, "2.0.0", 2.5, table, column),
        )
        host = started(home, port)
        try:
            flags = ("--allow-unsigned", "--enable", "--wait", "60")
            command(home, "plugin", "install", str(old), *flags)
            command(home, "plugin", "upgrade", "shop", str(new), "--allow-unsigned")
            for step in STEPS:
                wait_for(lambda step=step: upgrade(home)[1] == step, seconds=60, what=step)
                os.kill(host.process.pid, signal.SIGKILL)
                host.process.wait()
                assert upgrade(home)[0] == "trial"
                assert release(home) == "1.0.0"
                host = Host(home, port)  # not waited for: the next step may be over by then
            wait_for(lambda: upgrade(home)[0] == "watched", seconds=60, what="the new release")
            os.kill(host.process.pid, signal.SIGKILL)
            host.process.wait()
            host = started(home, port)
            wait_for(lambda: shown(home)["state"] == "active", seconds=60, what="its start")
            assert release(home) == "2.0.0"
            command(home, "plugin", "rollback", "shop", "--wait", "60")
            assert release(home) == "1.0.0"
        finally:
            host.process.terminate()
            host.end(seconds=30)


def started(home: Path, port: int) -> Host:
    host = Host(home, port)
    wait_for(host.is_healthy, seconds=START_SECONDS, what="health")
    return host


def upgrade(home: Path) -> tuple[str, str]:
    """State and step of the upgrade, read past all of the product's code."""
    query = "SELECT state, report FROM plugins_registry_upgrade ORDER BY id DESC"
    with closing(sqlite3.connect(home / "plexichat.sqlite3", timeout=20)) as database:
        state, report = database.execute(query).fetchone()
    return state, json.loads(report).get("step", "")


def shown(home: Path) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(command(home, "plugin", "show", "shop", "--json"))
    return facts


def release(home: Path) -> str:
    return str(shown(home)["version"])
