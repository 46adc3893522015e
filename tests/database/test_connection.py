"""The SDK's connection against a real database: what PEP 249 and the reference promise."""

from __future__ import annotations

import datetime
import decimal
import uuid
from collections.abc import Callable

import pytest

from plexichat_plugin_sdk import database as sdk
from plexichat_plugin_sdk import exceptions
from plexichat_plugin_sdk._answers.sql.statements import Dialect
from plexichat_plugin_sdk.database import Connection
from plugin_runtime.gateway.database.stores import store

from .conftest import Plugins

pytestmark = pytest.mark.backends
Connect = Callable[..., Connection]


def test_a_row_comes_back(connect: Connect) -> None:
    with connect() as conn:
        conn.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)")
        conn.execute("INSERT INTO notes VALUES (%s, %s)", (1, "hello"))
    with connect() as conn:
        cursor = conn.cursor()
        cursor.execute("SELECT id, text FROM notes WHERE id = %(id)s", {"id": 1})
        assert cursor.fetchone() == (1, "hello")
        assert cursor.fetchone() is None
    assert [column[0] for column in cursor.description or ()] == ["id", "text"]


@pytest.fixture
def notes(connect: Connect) -> Connection:
    """A connection whose plugin has a table `notes`."""
    with connect() as conn:
        conn.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL)")
    return connect()


def test_the_references_upsert_works(connect: Connect) -> None:
    upsert = """
        INSERT INTO user_preferences (user_id, preferences, updated_at)
        VALUES (%s, %s, NOW())
        ON CONFLICT (user_id)
        DO UPDATE SET preferences = EXCLUDED.preferences,
                      updated_at = NOW()
        RETURNING preferences, updated_at
    """
    with connect() as conn:
        conn.execute(
            "CREATE TABLE user_preferences "
            "(user_id TEXT PRIMARY KEY, preferences TEXT, updated_at TIMESTAMP WITH TIME ZONE)"
        )
        conn.execute(upsert, ("ada", "{}"))
        preferences, updated_at = conn.execute(upsert, ("ada", '{"a": 1}')).fetchone() or ("", "")
    assert preferences == '{"a": 1}'
    assert abs(datetime.datetime.now(datetime.UTC) - updated_at) < datetime.timedelta(seconds=30)


def test_both_databases_bring_the_same_types(connect: Connect) -> None:
    moment = datetime.datetime(2026, 2, 3, 4, 5, 6, 700, tzinfo=datetime.UTC)
    row = (
        moment,
        moment.date(),
        moment.time(),
        decimal.Decimal("12.50"),
        uuid.UUID(int=7),
        True,
        b"\x00\xff",
        1.5,
        "ü",
        None,
        2**62,
    )
    with connect() as conn:
        conn.execute(
            "CREATE TABLE kinds (a TIMESTAMP WITH TIME ZONE, b DATE, c TIME, d NUMERIC(10, 2), "
            f"e UUID, f BOOLEAN, g {_blob()}, h DOUBLE PRECISION, i VARCHAR(5), j TEXT, k BIGINT)"
        )
        conn.execute(f"INSERT INTO kinds VALUES ({', '.join(['%s'] * 11)})", row)
        found = conn.execute("SELECT * FROM kinds WHERE a = %s", (moment,)).fetchone()
        latest = conn.execute("SELECT MAX(a) AS latest, COUNT(*) FROM kinds").fetchone()
        (now,) = conn.execute("SELECT NOW()").fetchone() or (None,)
    assert found == row
    assert latest == (moment, 1)
    assert isinstance(now, datetime.datetime)


def _blob() -> str:
    return "BLOB" if store().dialect is Dialect.SQLITE else "BYTEA"


def test_a_block_that_raises_is_undone(notes: Connection, connect: Connect) -> None:
    def fail() -> None:
        with notes as conn:
            conn.execute("INSERT INTO notes VALUES (1, 'lost')")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with connect() as conn:
        assert conn.execute("SELECT * FROM notes").fetchall() == []
        conn.execute("INSERT INTO notes VALUES (1, 'kept')")
        conn.commit()
        conn.execute("INSERT INTO notes VALUES (2, 'undone')")
        conn.rollback()
        assert conn.execute("SELECT text FROM notes").fetchall() == [("kept",)]


def test_a_connection_that_is_lost_is_undone(
    notes: Connection, connect: Connect, plugins: Plugins
) -> None:
    notes.execute("INSERT INTO notes VALUES (1, 'lost')")
    plugins.wires[-1].drop()  # as when the plugin is killed
    with connect() as conn:
        assert conn.execute("SELECT * FROM notes").fetchall() == []


def test_many_rows_come_in_pieces(notes: Connection, plugins: Plugins) -> None:
    cursor = notes.cursor()
    cursor.executemany(
        "INSERT INTO notes VALUES (%s, %s)", ((number, "x" * 100) for number in range(6_000))
    )
    assert cursor.rowcount == 6_000
    cursor.execute("SELECT id, text FROM notes ORDER BY id")
    assert cursor.fetchmany(2) == [(0, "x" * 100), (1, "x" * 100)]
    # Another statement meanwhile: the rest of the first result is taken in before.
    assert notes.execute("SELECT COUNT(*) FROM notes").fetchone() == (6_000,)
    assert [row[0] for row in cursor] == list(range(2, 6_000))
    assert plugins.wires[-1].asked.count("db.fetch") >= 2


def test_what_was_not_read_goes_with_a_rollback(notes: Connection) -> None:
    notes.cursor().executemany(
        "INSERT INTO notes VALUES (%s, %s)", [(number, "x" * 100) for number in range(6_000)]
    )
    notes.commit()
    cursor = notes.execute("SELECT id FROM notes, (SELECT 1 UNION ALL SELECT 2) AS twice")
    notes.rollback()
    assert cursor.fetchone() == (0,)
    cursor.fetchall()
    with pytest.raises(sdk.ProgrammingError, match="went with the rollback"):
        cursor.fetchall()


@pytest.mark.parametrize(
    ("sql", "parameters", "kind", "words"),
    [
        ("INSERT INTO notes VALUES (1, 'twice')", None, sdk.IntegrityError, "(?i)unique"),
        ("INSERT INTO notes VALUES (2, NULL)", None, sdk.IntegrityError, "(?i)null"),
        ("SELEC 1", None, sdk.ProgrammingError, "not for plugins"),
        ("SELECT FROM WHERE", None, sdk.ProgrammingError, "syntax"),
        ("SELECT * FROM nowhere", None, sdk.ProgrammingError, "nowhere"),
        ("SELECT nothing FROM notes", None, sdk.ProgrammingError, "nothing"),
        ("SELECT %s", (1, 2), sdk.ProgrammingError, "1 placeholders, and 2"),
        ("SELECT %(a)s", {"b": 1}, sdk.ProgrammingError, "no value was given for a"),
        ("SELECT %s", ([1],), sdk.ProgrammingError, "json.dumps"),
        ("SELECT %s", "x", sdk.ProgrammingError, "written .value,."),
        ("SELECT 5 % 3", (), sdk.ProgrammingError, "write %%"),
        ("SELECT %s", (2**70,), sdk.DataError, "64 bits"),
        ("SELECT %s", ("x" * 300_000,), sdk.DataError, "250 KiB"),
        ("SELECT %s", ("\ud800",), sdk.DataError, "UTF-8"),
        ("SELECT 1; SELECT 2", None, sdk.ProgrammingError, "one statement"),
        ("COMMIT", None, sdk.ProgrammingError, "conn.commit"),
        ("CREATE TABLE users (a INTEGER)", None, sdk.ProgrammingError, "view of the chat"),
    ],
)
def test_what_is_wrong_is_said(
    notes: Connection, sql: str, parameters: object, kind: type[Exception], words: str
) -> None:
    notes.execute("INSERT INTO notes VALUES (1, 'once')")
    with pytest.raises(kind, match=words) as raised:
        notes.execute(sql, parameters)
    assert isinstance(raised.value, exceptions.PluginError)


def test_percent_signs_and_quotes_are_left_alone(notes: Connection) -> None:
    assert notes.execute("SELECT 5 % 3, '%s', 'it''s -- no; comment'").fetchone() == (
        *(2, "%s", "it's -- no; comment"),
    )
    assert notes.execute("SELECT 'a%%' || %s /* %s; */ -- %s", ("b",)).fetchone() == ("a%b",)


def test_plugins_do_not_meet(connect: Connect) -> None:
    for plugin in ("alpha", "beta"):
        with connect(plugin) as conn:
            conn.execute("CREATE TABLE secrets (text TEXT)")
            conn.execute("INSERT INTO secrets VALUES (%s)", (plugin,))
    for plugin in ("alpha", "beta"):
        with connect(plugin) as conn:
            assert conn.execute("SELECT text FROM secrets").fetchall() == [(plugin,)]


def test_a_closed_connection_says_so(connect: Connect) -> None:
    conn = connect()
    cursor = conn.execute("SELECT 1")
    conn.close()
    conn.close()
    with pytest.raises(sdk.InterfaceError, match="closed"):
        cursor.execute("SELECT 1")


def test_outside_a_host_nothing_is_there() -> None:
    with pytest.raises(exceptions.OutsideHost, match=r"db\.execute"):
        sdk.get_db_connection().execute("SELECT 1")
