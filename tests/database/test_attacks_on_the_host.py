"""What SQL could cost the process that runs it, however little it may read."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connection as chat

from plexichat_plugin_sdk import database as sdk
from plexichat_plugin_sdk._answers.sql import statements
from plexichat_plugin_sdk._answers.sql.statements import Dialect, StatementRefused
from plexichat_plugin_sdk.database import Connection
from plugin_runtime.gateway.database.sqlite import connecting
from plugin_runtime.gateway.database.stores import store

Connect = Callable[..., Connection]
#: Far more than any of these takes, far less than it took before it was bounded.
SECONDS = 5.0
MANY = 15_000
MIB = 1024 * 1024


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Fail when the block takes more of the processor."""
    began = time.thread_time()
    yield
    assert time.thread_time() - began < seconds


@pytest.fixture
def sqlite() -> None:
    if chat.vendor != "sqlite":
        pytest.skip("about SQLite's own files")


@pytest.mark.parametrize(
    ("dialect", "sql"),
    [
        (Dialect.SQLITE, "CREATE TRIGGER t AFTER INSERT ON x BEGIN " + "; " * MANY),
        (Dialect.POSTGRESQL, "SELECT '\N{PILE OF POO}' " + "," * 6 * MANY),
    ],
)
def test_reading_a_statement_takes_no_longer_than_its_length(dialect: Dialect, sql: str) -> None:
    with within(SECONDS):
        statements.read(sql, dialect, False)


@pytest.mark.parametrize(
    "script", ["CREATE TRIGGER t AFTER INSERT ON x BEGIN " + "; " * MANY, "--\n" * MANY]
)
def test_splitting_a_script_takes_no_longer_than_its_length(script: str) -> None:
    with within(SECONDS):
        statements.split(script, Dialect.SQLITE)


def test_a_trigger_is_still_one_statement() -> None:
    body = "BEGIN UPDATE a SET b = CASE WHEN 1 THEN 2 END; DELETE FROM c; END"
    trigger = f"CREATE TRIGGER t AFTER INSERT ON x {body}"

    assert statements.read(f"{trigger};", Dialect.SQLITE, False).keyword == "CREATE"
    with pytest.raises(StatementRefused, match="one statement"):
        statements.read(f"{trigger}; SELECT 1", Dialect.SQLITE, False)


def test_long_statements_are_not_kept() -> None:
    names = ", ".join(f"a{number}" for number in range(statements.KEPT_CHARACTERS // 4))
    for read, is_kept in (("SELECT 1", True), (f"SELECT {names}", False)):
        before = statements.read(read, Dialect.POSTGRESQL, False)
        assert (statements.read(read, Dialect.POSTGRESQL, False) is before) is is_kept


def test_one_wide_row_does_not_fill_the_memory(connect: Connect, sqlite: None) -> None:
    conn, one = connect(), "hex(zeroblob(900000))"
    assert len(conn.execute(f"SELECT {one}").fetchall()[0][0]) == 1_800_000
    with pytest.raises(sdk.DataError, match="larger"):
        conn.execute("SELECT " + ", ".join([one] * 400))
    conn.rollback()
    columns = ", ".join(f"c{number} AS ({one})" for number in range(90))
    conn.execute(f"CREATE TABLE wide (id INTEGER PRIMARY KEY, {columns})")
    with pytest.raises(sdk.DataError, match="larger"):
        conn.execute("INSERT INTO wide (id) VALUES (1) RETURNING *, *, *, *")


def test_a_long_reader_does_not_let_the_log_grow_for_ever(
    connect: Connect, home: Path, sqlite: None, settings: Any
) -> None:
    settings.PLEXICHAT_PLUGIN_DB_BYTES = 8 * MIB
    reader, writer = connect(), connect()
    writer.execute("CREATE TABLE t (x BLOB)")
    writer.execute("INSERT INTO t VALUES (zeroblob(1))")
    writer.commit()
    reader.execute("SELECT count(*) FROM t").fetchall()

    def write(times: int) -> None:
        for _ in range(times):
            writer.execute("UPDATE t SET x = randomblob(1000000)")
            writer.commit()

    with pytest.raises(sdk.OperationalError, match="other transactions of this plugin read"):
        write(40)
    log = home / "plugins-data" / "alpha" / "data.sqlite3-wal"
    assert log.stat().st_size < connecting.most_waiting_bytes() + 4 * MIB

    writer.rollback()
    reader.rollback()
    write(10)


def test_an_export_leaves_out_what_is_computed(connect: Connect, sqlite: None) -> None:
    with connect() as conn:
        conn.execute("CREATE TABLE t (id INTEGER, y TEXT, x AS (hex(zeroblob(900000))))")
        conn.execute("INSERT INTO t (id, y) VALUES (1, CAST(x'ff41' AS TEXT))")

    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as written:
        store().export("alpha", written)
        assert written.read("database/001_t.jsonl").decode() == '{"id": 1, "y": "\ufffdA"}\n'
    assert store().count_texts("alpha", "plx1") == 0


@pytest.mark.backends
def test_numbers_of_any_size_are_answered(connect: Connect) -> None:
    if chat.vendor != "postgresql":
        pytest.skip("about PostgreSQL's numbers")
    conn = connect()
    huge = "CAST(repeat('9', {}) AS numeric)"
    for digits, found in ((18, 10**18 - 1), (30, 1e30), (300, 1e300)):
        assert conn.execute(f"SELECT {huge.format(digits)}").fetchone() == (found,)
    assert conn.execute(f"SELECT {huge.format(5000)}").fetchone() == (float("inf"),)
    assert conn.execute("SELECT 1").fetchone() == (1,)
