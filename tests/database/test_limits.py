"""What one plugin may take of time, rows, bytes and connections; twins prove what it may."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from plexichat_plugin_sdk import database as sdk
from plexichat_plugin_sdk.database import Connection
from plugin_runtime.gateway.database import holds
from tests.waiting import wait_for

from .conftest import Plugins

pytestmark = pytest.mark.backends
Connect = Callable[..., Connection]
BOMB = "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT {} FROM r"
#: Rows of a hundred characters.
ROWS = (
    "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < {}) "
    "SELECT n, 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' FROM r"
)


def test_a_statement_has_so_much_time(connect: Connect, settings: Any) -> None:
    settings.PLEXICHAT_PLUGIN_DB_STATEMENT_SECONDS = 0.3
    began = time.monotonic()
    conn = connect()
    with pytest.raises(sdk.OperationalError, match=r"too long|timeout|stopped"):
        conn.execute(BOMB.format("MAX(n)"))
    assert time.monotonic() - began < 5
    conn.rollback()
    assert conn.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.parametrize(
    ("name", "most", "fits", "words"),
    [
        ("PLEXICHAT_PLUGIN_DB_RESULT_ROWS", 1_000, 1_000, "1000 rows"),
        ("PLEXICHAT_PLUGIN_DB_RESULT_BYTES", 100_000, 1_000, "100000 bytes"),
    ],
)
def test_a_result_has_so_much_room(
    connect: Connect, settings: Any, name: str, most: int, fits: int, words: str
) -> None:
    setattr(settings, name, most)
    with connect() as conn:
        assert len(conn.execute(ROWS.format(fits)).fetchall()) == fits
    conn = connect()
    with pytest.raises(sdk.OperationalError, match=words):
        conn.execute(ROWS.format(50_000)).fetchall()


def test_an_endless_result_ends(connect: Connect) -> None:
    conn = connect()
    began = time.monotonic()
    with pytest.raises(sdk.OperationalError):
        conn.execute(BOMB.format("n")).fetchall()
    assert time.monotonic() - began < 15


def test_an_idle_transaction_is_undone(
    connect: Connect, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connect() as conn:
        conn.execute("CREATE TABLE notes (a INTEGER)")
    settings.PLEXICHAT_PLUGIN_DB_IDLE_SECONDS = 0.2
    idle = connect()
    idle.execute("INSERT INTO notes VALUES (1)")
    wait_for(lambda: not any(h.session.is_in_transaction for h in holds.current()), what="its end")
    with connect() as other:  # nothing is locked any more
        other.execute("INSERT INTO notes VALUES (2)")
    with pytest.raises(sdk.OperationalError, match="did nothing for"):
        idle.execute("SELECT * FROM notes")
    idle.rollback()
    assert idle.execute("SELECT * FROM notes").fetchall() == [(2,)]


def test_a_plugin_has_so_many_transactions(connect: Connect, plugins: Plugins) -> None:
    held = [connect() for _ in range(4)]
    for conn in held:
        conn.execute("SELECT 1")
    with pytest.raises(sdk.OperationalError, match="4 transactions open"):
        connect().execute("SELECT 1")
    assert connect("beta").execute("SELECT 1").fetchone() == (1,)
    held[0].close()
    assert connect().execute("SELECT 1").fetchone() == (1,)


def test_after_a_failure_a_transaction_is_over(connect: Connect) -> None:
    with connect() as conn:
        conn.execute("CREATE TABLE notes (a INTEGER PRIMARY KEY)")
        conn.commit()
        conn.execute("INSERT INTO notes VALUES (1)")
        with pytest.raises(sdk.IntegrityError):
            conn.execute("INSERT INTO notes VALUES (1)")
        with pytest.raises(sdk.DatabaseError):
            conn.execute("SELECT 1")
        with pytest.raises(sdk.OperationalError, match="nothing was committed"):
            conn.commit()
        assert conn.execute("SELECT * FROM notes").fetchall() == []


def test_a_savepoint_goes_back_a_part(connect: Connect) -> None:
    with connect() as conn:
        conn.execute("CREATE TABLE notes (a INTEGER PRIMARY KEY)")
        conn.execute("INSERT INTO notes VALUES (1)")
        conn.execute("SAVEPOINT here")
        with pytest.raises(sdk.IntegrityError):
            conn.execute("INSERT INTO notes VALUES (1)")
        conn.execute("ROLLBACK TO SAVEPOINT here")
        conn.execute("INSERT INTO notes VALUES (2)")
    with connect() as conn:
        assert conn.execute("SELECT a FROM notes ORDER BY a").fetchall() == [(1,), (2,)]
