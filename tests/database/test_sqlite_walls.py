"""SQLite's own walls: what holds when a statement is handed to the database as it is, unread."""

from __future__ import annotations

import sqlite3
import stat
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from plexichat.chat import services as chat
from plexichat.chat.data_views import VIEWS
from plexichat_plugin_sdk import database as sdk
from plexichat_plugin_sdk import exceptions
from plexichat_plugin_sdk._answers.sql.shapes import Shapes
from plexichat_plugin_sdk._answers.sql.statements import Dialect, read
from plugin_runtime.gateway.database.sqlite.connecting import connect as open_file
from plugin_runtime.gateway.database.sqlite.session import SQLiteSession
from plugin_runtime.gateway.database.store import DatabaseRefusal
from plugin_runtime.gateway.database.stores import store

from .conftest import ALL_DATA, Plugins

PASSWORD = "SECRET-hash"


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The chat's tables, as far as the views and an attacker know them."""
    path = tmp_path_factory.mktemp("core") / "core.sqlite3"
    tables: dict[str, set[str]] = {"auth_token": {"digest"}, "chat_user": {"password"}}
    for view in VIEWS.values():
        for table, column in view.reads():
            tables.setdefault(table, set()).add(column)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        for table, columns in tables.items():
            connection.execute(f"CREATE TABLE {table} ({', '.join(sorted(columns))})")
        connection.execute("INSERT INTO auth_token VALUES ('SECRET-token')")
        connection.execute(
            "INSERT INTO chat_user (id, public_id, username, password) VALUES (1, 'a', 'ada', ?)",
            (PASSWORD,),
        )
    connection.close()
    return path


@pytest.fixture
def session(core: Path, tmp_path: Path) -> Iterator[SQLiteSession]:
    """A session with `user_data_read` and nothing else."""

    def opened(views: frozenset[str]) -> Any:
        return open_file(tmp_path / "data.sqlite3", core, views)

    session = SQLiteSession(opened, frozenset({"user_data_read"}), shapes=Shapes())
    session.begin()
    session.run_ours("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)")
    session.commit()
    yield session
    session.end()


def run(session: SQLiteSession, sql: str) -> list[Any]:
    """Run a text that nobody has read before."""
    statement = replace(
        read("SELECT 1", Dialect.SQLITE, False),
        keyword=sql.split()[0].upper(),
        text=sql,
        is_write=not sql.upper().startswith(("SELECT", "WITH", "PRAGMA")),
    )
    try:
        result = session.execute(statement, (), seconds=0.5)
        return [] if result.columns is None else list(result.rows)
    finally:
        session.rollback()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT password FROM chat_user",
        "SELECT password FROM core.chat_user",
        "SELECT id FROM core.chat_user",
        "SELECT username FROM core.chat_user",
        "SELECT * FROM auth_token",
        "SELECT count(*) FROM auth_token",
        "SELECT count(*) FROM core.auth_token",
        "SELECT count(*) FROM core.chat_message",
        # A CTE, or an alias, named like the view that may read.
        "WITH users AS (SELECT password FROM core.chat_user) SELECT * FROM users",
        "WITH users AS (SELECT username FROM core.chat_user) SELECT * FROM users",
        "SELECT * FROM (SELECT password FROM core.chat_user) AS users",
        "SELECT (SELECT password FROM core.chat_user) FROM users",
        "SELECT * FROM messages",
        "SELECT * FROM sqlite_temp_master",
        "SELECT * FROM sqlite_temp_schema",
        "SELECT * FROM core.sqlite_master",
        "SELECT * FROM sqlite_master",
        "SELECT count(*) FROM sqlite_master",
        "SELECT * FROM sqlite_stmt",
        "SELECT * FROM dbstat",
        "SELECT * FROM pragma_database_list",
        "SELECT * FROM pragma_table_info('chat_user')",
        "PRAGMA database_list",
        "PRAGMA writable_schema = 1",
        "PRAGMA journal_mode = OFF",
        "ATTACH '/etc/passwd' AS other",
        "ATTACH ':memory:' AS other",
        "DETACH core",
        "VACUUM INTO '/tmp/stolen'",
        "SELECT load_extension('x')",
        "SELECT fts3_tokenizer('x')",
        "SELECT readfile('/etc/passwd')",
        "CREATE TEMP TABLE messages (a)",
        "CREATE TEMP VIEW messages AS SELECT * FROM core.chat_message",
        "CREATE TEMP TRIGGER t AFTER INSERT ON notes BEGIN SELECT 1; END",
        "CREATE VIRTUAL TABLE v USING fts5(a)",
        "CREATE TABLE _plexichat_migrations (a)",
        "CREATE TABLE core.mine (a)",
        "CREATE TABLE copied AS SELECT * FROM core.chat_user",
        "CREATE TABLE copied AS SELECT * FROM sqlite_temp_master",
        "INSERT INTO core.chat_user (id) VALUES (7)",
        "INSERT INTO users (username) VALUES ('x')",
        "UPDATE chat_user SET password = ''",
        "DELETE FROM chat_user",
        "DROP TABLE chat_user",
        "DROP VIEW users",
        "ALTER TABLE chat_user RENAME TO mine",
        "BEGIN IMMEDIATE",
        "ANALYZE",
        "SELECT hex(zeroblob(900000000))",
        "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT max(n) FROM r",
    ],
)
def test_the_database_itself_refuses(session: SQLiteSession, core: Path, sql: str) -> None:
    before = core.read_bytes()
    with pytest.raises(DatabaseRefusal) as refused:
        run(session, sql)
    assert "SECRET" not in str(refused.value)
    assert core.read_bytes() == before
    assert run(session, "SELECT username FROM users") == [("ada",)]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM users u JOIN users v ON u.user_id = v.user_id",
        "SELECT count(*) FROM users",
        "WITH mine AS (SELECT username FROM users) SELECT * FROM mine",
        "SELECT * FROM json_each('[1, 2]')",
        "SELECT count(*) FROM notes, users",
        "SELECT upper(username), date('now'), max(1, 2) FROM users",
    ],
)
def test_what_is_like_it_and_harmless_works(session: SQLiteSession, sql: str) -> None:
    assert run(session, sql)


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE kept AS SELECT username FROM users /* notes */",
        "CREATE VIEW seen AS SELECT * FROM notes",
        "CREATE TRIGGER t AFTER INSERT ON notes BEGIN DELETE FROM notes WHERE id < 0; END",
        "ALTER TABLE notes RENAME COLUMN text TO words",
        "ALTER TABLE notes ADD COLUMN likes INTEGER DEFAULT 0",
        "DROP TABLE notes",
    ],
)
def test_a_plugins_own_tables_are_its_own(session: SQLiteSession, sql: str) -> None:
    assert run(session, sql) == []


def test_the_names_of_inner_views_are_never_told(session: SQLiteSession) -> None:
    with pytest.raises(DatabaseRefusal) as refused:
        run(session, "SELECT nothing FROM users")
    assert not any(inner in str(refused.value) for inner in session._walls.inner.values())


def test_a_view_needs_its_capability_at_every_statement(
    plugins: Plugins, transactional_db: None, django_user_model: Any
) -> None:
    ada = django_user_model.objects.create_user(username="ada", password="a long passphrase")
    channel, _ = chat.create_channel(ada, name="lobby", channel_type="public")
    chat.post_message(ada, channel.public_id, content="kept")
    gone = chat.post_message(ada, channel.public_id, content="gone")
    chat.delete_message(ada, gone.public_id)
    plugins.grants["alpha"] = ALL_DATA
    with plugins.connect() as conn:
        assert conn.execute("SELECT username, email FROM users").fetchall() == [("ada", "")]
        assert conn.execute("SELECT content, user_id, metadata FROM messages").fetchall() == [
            ("kept", ada.public_id, "{}")
        ]
        assert conn.execute("SELECT user_id FROM channel_members").fetchone() == (ada.public_id,)
        plugins.grants["alpha"] = frozenset({"user_data_read"})
        with pytest.raises(exceptions.PermissionError, match="message_data_read") as refused:
            conn.execute("SELECT content FROM messages")
        assert isinstance(refused.value, sdk.ProgrammingError)
        conn.rollback()
        assert conn.execute("SELECT username FROM users").fetchall() == [("ada",)]
        with pytest.raises(exceptions.PermissionError, match="channel_data_read"):
            conn.execute("SELECT * FROM channels")
        conn.rollback()


def test_the_file_is_the_hosts_alone(plugins: Plugins, home: Path) -> None:
    with plugins.connect() as conn:
        conn.execute("CREATE TABLE notes (a INTEGER)")
    path = home / "plugins-data" / "alpha" / "data.sqlite3"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_writer_waits_for_its_own_plugin_only(plugins: Plugins) -> None:
    for plugin in ("alpha", "beta"):
        with plugins.connect(plugin) as conn:
            conn.execute("CREATE TABLE notes (a INTEGER)")
    with plugins.connect("alpha") as holder:
        holder.execute("INSERT INTO notes VALUES (1)")
        began = time.monotonic()
        with plugins.connect("beta") as conn:
            conn.execute("INSERT INTO notes VALUES (1)")
        assert time.monotonic() - began < 1.0


def test_reading_and_then_writing_does_not_fail(plugins: Plugins) -> None:
    with plugins.connect() as conn:
        conn.execute("CREATE TABLE notes (a INTEGER)")
    with plugins.connect() as first:
        first.execute("SELECT * FROM notes").fetchall()
        with plugins.connect() as second:
            second.execute("INSERT INTO notes VALUES (1)")
        first.execute("INSERT INTO notes VALUES (2)")
    with plugins.connect() as conn:
        assert conn.execute("SELECT COUNT(*) FROM notes").fetchone() == (2,)


def test_threads_share_the_file(plugins: Plugins) -> None:
    with plugins.connect() as conn:
        conn.execute("CREATE TABLE counts (n INTEGER)")
        conn.execute("INSERT INTO counts VALUES (0)")

    def add() -> None:
        for _ in range(10):
            with plugins.connect() as conn:
                conn.execute("UPDATE counts SET n = n + 1")

    threads = [threading.Thread(target=add) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    with plugins.connect() as conn:
        assert conn.execute("SELECT n FROM counts").fetchone() == (30,)


def test_a_plugin_takes_only_so_much_room(plugins: Plugins, settings: Any) -> None:
    settings.PLEXICHAT_PLUGIN_DB_BYTES = 256 * 1024
    with plugins.connect() as conn:
        conn.execute("CREATE TABLE big (a BLOB)")
    with plugins.connect() as conn:
        with pytest.raises(sdk.OperationalError, match="262144 bytes"):
            conn.execute("INSERT INTO big VALUES (zeroblob(500000))")
        conn.rollback()


def test_what_a_plugin_owns_goes_with_a_purge(plugins: Plugins, home: Path) -> None:
    with plugins.connect() as conn:
        conn.execute("CREATE TABLE notes (a INTEGER)")
        conn.execute("INSERT INTO notes VALUES (1)")
    summary = store().summary("alpha")
    assert (summary["tables"], summary["rows"]) == (1, 1)
    store().purge("alpha")
    assert not (home / "plugins-data" / "alpha").exists()
    assert store().summary("alpha") == {"tables": 0, "rows": 0, "bytes": 0}
