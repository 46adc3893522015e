"""What only a test can do: turn the clock, break the host, crash the plugin, look what it did."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from plexichat_plugin_sdk import (
    MessageBlocked,
    Plugin,
    background,
    emit_hook,
    endpoint,
    hook,
    scheduled,
    send_message,
    websocket_endpoint,
)
from plexichat_plugin_sdk.cache import get_cache_client
from plexichat_plugin_sdk.config import get_config
from plexichat_plugin_sdk.database import OperationalError, get_db_connection
from plexichat_plugin_sdk.exceptions import HostError, OutsideHost, ValidationError
from plexichat_plugin_sdk.testing import CHANNEL_ID, MigrationFailed, MockContext

MONDAY = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)


class Sample(Plugin):
    """A little of everything."""

    def on_load(self, context: Any) -> None:
        self.ran: list[str] = []

    def on_unload(self) -> None:
        self.ran.append("unloaded")

    @hook("user_login")
    def logs(self, data: dict[str, Any]) -> None:
        self.logger.info("hello", extra={"who": data["username"]})

    @scheduled(every="20m")
    def often(self) -> None:
        self.ran.append("often")

    @scheduled(cron="0 9 * * 1-5", name="at-nine")
    def daily(self) -> None:
        self.ran.append("at-nine")
        raise RuntimeError("not today")

    @endpoint("/api/v1/sample")
    def fails(self, request: Any) -> None:
        raise KeyError("no")

    @websocket_endpoint("/ws/sample")
    def listens(self, websocket: Any) -> None:
        websocket.receive_json()


@pytest.fixture
def context(plexichat: Callable[..., MockContext]) -> Iterator[MockContext]:
    made = plexichat(now=MONDAY, capabilities=["message_send", "user_data_read"])
    made.load(Sample)
    return made


def test_turning_the_clock_runs_what_comes_due(context: MockContext) -> None:
    context.raise_errors = False
    ran = context.advance(minutes=65)
    assert ran == ["often", "often", "often", "at-nine"] or ran == [
        *("often", "often", "at-nine", "often")
    ]
    assert context.now == datetime(2026, 1, 5, 9, 5, tzinfo=UTC)
    assert [each["name"] for each in context.problems] == ["job at-nine"]


def test_a_job_that_raises_ends_the_turn(context: MockContext) -> None:
    with pytest.raises(RuntimeError, match="not today"):
        context.advance(hours=2)


def test_the_clock_is_the_databases_and_the_caches(context: MockContext) -> None:
    get_cache_client().set("key", "value", ex=60)
    context.advance(seconds=59)
    assert get_cache_client().get("key") == b"value"
    context.advance(seconds=1)
    assert get_cache_client().get("key") is None
    with get_db_connection() as conn:
        conn.execute("CREATE TABLE t (at TIMESTAMP)")
        conn.execute("INSERT INTO t VALUES (NOW())")
        assert conn.execute("SELECT at FROM t").fetchall() == [(context.now,)]


def test_a_crash_loses_memory_and_nothing_else(context: MockContext) -> None:
    with get_db_connection() as conn:
        conn.execute("CREATE TABLE t (n INTEGER)")
    context.run_job("often")
    with context.connect("/ws/sample") as socket:
        again: Any = context.crash()
        assert socket.closed == (1012, "the plugin restarts; connect again")
    assert again.ran == []
    with get_db_connection() as conn:
        assert conn.execute("SELECT * FROM t").fetchall() == []


def test_parts_of_the_host_go_away_and_come_back(context: MockContext) -> None:
    with context.db_down(), pytest.raises(OperationalError) as caught:
        get_db_connection().execute("SELECT 1")
    assert isinstance(caught.value, HostError)
    with context.cache_down(), pytest.raises(HostError, match="the cache does not answer"):
        get_cache_client().get("a")
    with context.down(), pytest.raises(HostError):
        get_config()
    assert get_db_connection().execute("SELECT 1").fetchall() == [(1,)]
    assert (get_cache_client().get("a"), get_config()) == (None, {})


def test_the_host_is_slow_for_as_long_as_a_test_says(context: MockContext) -> None:
    began = time.monotonic()
    with context.slow(0.02, "cache."):
        get_cache_client().get("a")
    assert time.monotonic() - began >= 0.02


def test_denied_and_blocked_and_then_said(context: MockContext) -> None:
    with context.deny("message_send"), pytest.raises(PermissionError, match="message_send"):
        send_message(CHANNEL_ID, "hello")
    with context.blocking("rude"), pytest.raises(MessageBlocked, match="rude"):
        send_message(CHANNEL_ID, "hello")
    send_message(CHANNEL_ID, "hello")
    assert [each["content"] for each in context.messages] == ["hello"]


def test_it_shows_what_the_plugin_did(context: MockContext) -> None:
    context.call_hook("user_login", {"username": "ada"})
    emit_hook("sample_done", {"n": 1})
    assert context.log_messages == ["hello"]
    assert context.logs[0]["extra"] == {"who": "ada"}
    assert context.emitted == [("sample_done", {"n": 1})]


def test_errors_come_out_or_stay_in_the_result(context: MockContext) -> None:
    with pytest.raises(KeyError):
        context.request("GET", "/api/v1/sample")
    context.raise_errors = False
    answer = context.request("GET", "/api/v1/sample")
    assert (answer.status, answer.json()["code"]) == (500, "plugin_error")
    assert isinstance(answer.error, KeyError)


def test_background_work_is_waited_for(context: MockContext) -> None:
    background(time.sleep, 0.01)
    failing = background(int, "none")
    context.finish_background()
    assert failing.done()
    assert [each["message"].split(":")[0] for each in context.problems] == ["ValueError"]


def test_what_is_not_handled_is_told_with_what_is(context: MockContext) -> None:
    with pytest.raises(LookupError, match="it handles: user_login"):
        context.call_hook("message_sent")
    with pytest.raises(LookupError, match="there are: often, at-nine"):
        context.run_job("never")


def test_without_a_plugin_it_says_what_to_do(plexichat_context: MockContext) -> None:
    with pytest.raises(LookupError, match=r"plugin\.on_load\(context\)"):
        plexichat_context.get_registered_hooks()


def test_contradictions_are_refused_as_by_a_server(plexichat_context: MockContext) -> None:
    class Twice(Plugin):
        @endpoint("/same")
        def one(self, request: Any) -> None: ...

        @endpoint("/same")
        def two(self, request: Any) -> None: ...

    with pytest.raises(ValidationError, match="GET /same: handled by one and by two"):
        plexichat_context.load(Twice)


def test_unloading_is_orderly(context: MockContext) -> None:
    plugin: Any = context._alive().plugin
    with context.connect("/ws/sample") as socket:
        context.unload()
        assert socket.closed is not None
    assert plugin.ran[-1] == "unloaded"


def test_a_migration_that_fails_names_file_and_line(
    plexichat_context: MockContext, tmp_path: Path
) -> None:
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations" / "0001_first.sql").write_text("CREATE TABLE a (b TEXT);")
    (tmp_path / "migrations" / "0002_wrong.sql").write_text("\nALTER TABLE nowhere RENAME TO b;")
    with pytest.raises(MigrationFailed, match=r"migrations/0002_wrong.sql, line 2: no such table"):
        plexichat_context.migrate(tmp_path)
    with pytest.raises(Exception, match="no such table: a"):
        get_db_connection().execute("SELECT * FROM a")


def test_nothing_is_left_of_a_closed_context() -> None:
    with MockContext() as context:
        get_db_connection().execute("SELECT 1")
        path = context.host.database._path
        assert Path(path).exists()
    assert not Path(path).exists()
    with pytest.raises(OutsideHost):
        get_config()
    with pytest.raises(sqlite3.OperationalError):
        sqlite3.connect(f"file:{path}?mode=ro", uri=True).execute("SELECT 1")
