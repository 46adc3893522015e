"""The store on PostgreSQL: making, granting, bounding, repairing and removing."""

from __future__ import annotations

import io
import threading
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.db import connection
from django.db.migrations import Migration
from django.db.models.signals import pre_migrate
from psycopg import sql

from plexichat_plugin_sdk._answers.sql import statements
from plugin_runtime.gateway.database.postgresql import limits, provision, quota, server
from plugin_runtime.gateway.database.postgresql.names import role_of, schema_of
from plugin_runtime.gateway.database.postgresql.store import PostgreSQLStore
from plugin_runtime.gateway.database.store import DatabaseRefusal, Session
from plugins_registry import services

pytestmark = [
    pytest.mark.backends,
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="about PostgreSQL"),
]
NOBODY: frozenset[str] = frozenset()
USERS = frozenset({"user_data_read"})
PLUGIN = "weather"


def run(session: Session, text: str, *values: Any, seconds: float = 5.0) -> list[Any]:
    """Run one statement and return its rows."""
    statement = statements.read(text, statements.Dialect.POSTGRESQL, bool(values))
    result = session.execute(statement, statement.values(values or None), seconds=seconds)
    return list(result.rows)


@pytest.fixture
def store(home: Path, database: None) -> Iterator[PostgreSQLStore]:
    """A store of its own, whose plugin has nothing yet."""
    made = PostgreSQLStore()
    made.purge(PLUGIN)
    yield made
    made.purge(PLUGIN)


@pytest.fixture
def session(store: PostgreSQLStore) -> Iterator[Session]:
    """A session of a plugin that has an empty table."""
    with closing(store.open(PLUGIN, NOBODY)) as opened:
        run(opened, "CREATE TABLE notes (id int PRIMARY KEY, text text)")
        opened.commit()
        yield opened


def test_a_withdrawn_grant_closes_the_view_in_an_open_transaction(session: Session) -> None:
    session.use_grants(USERS)
    run(session, "SELECT * FROM users")
    session.use_grants(NOBODY)
    with pytest.raises(DatabaseRefusal, match="permission denied") as refused:
        run(session, "SELECT * FROM users")
    assert refused.value.missing == "users"


def test_a_new_grant_opens_the_view_in_an_open_transaction(session: Session) -> None:
    run(session, "SELECT 1")
    session.use_grants(USERS)
    run(session, "SELECT user_id, username FROM users")
    with pytest.raises(DatabaseRefusal, match="permission denied"):
        run(session, "SELECT * FROM messages")


def test_a_commit_after_a_failure_says_that_nothing_was_kept(session: Session) -> None:
    run(session, "INSERT INTO notes VALUES (1, 'a')")
    with pytest.raises(DatabaseRefusal) as refused:
        run(session, "INSERT INTO notes VALUES (1, 'b')")
    assert refused.value.kind == "IntegrityError"
    with pytest.raises(DatabaseRefusal, match="nothing was committed"):
        session.commit()
    assert run(session, "SELECT * FROM notes") == []


def test_a_statement_ends_at_its_deadline_and_the_session_goes_on(session: Session) -> None:
    with pytest.raises(DatabaseRefusal, match="longer than"):
        run(session, "SELECT count(*) FROM generate_series(1, 100000000000)", seconds=0.2)
    session.rollback()
    assert run(session, "SELECT 1") == [(1,)]


def test_a_lost_connection_is_told_and_replaced(session: Session) -> None:
    run(session, "INSERT INTO notes VALUES (1, 'a')")
    with server.host() as host:
        host.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s",
            [role_of(server.database(), PLUGIN)],
        )
    with pytest.raises(DatabaseRefusal, match="connection"):
        run(session, "SELECT 1")
    assert run(session, "SELECT * FROM notes") == []


def test_only_so_many_connections_are_lent(
    store: PostgreSQLStore, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.PLEXICHAT_PLUGIN_DB_CONNECTIONS = 1
    bounds = replace(limits.current(), wait_seconds=0.05)
    monkeypatch.setattr(limits, "current", lambda: bounds)
    first, second = store.open(PLUGIN, NOBODY), store.open(PLUGIN, NOBODY)
    run(first, "SELECT 1")
    with pytest.raises(DatabaseRefusal, match="in use"):
        run(second, "SELECT 1")
    first.close()
    assert run(second, "SELECT 2") == [(2,)]
    second.close()


def test_a_connection_comes_back_as_if_new(store: PostgreSQLStore) -> None:
    with closing(store.open(PLUGIN, NOBODY)) as session:
        run(session, "CREATE TABLE notes (id int)")
    again = store.open(PLUGIN, NOBODY)
    with closing(again), pytest.raises(DatabaseRefusal, match="does not exist"):
        run(again, "SELECT * FROM notes")


def test_what_grows_too_large_is_rolled_back(
    session: Session, store: PostgreSQLStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quota, "EVERY_SECONDS", 0.0)
    small = replace(limits.current(), schema_bytes=1_000_000)
    monkeypatch.setattr(limits, "current", lambda: small)
    many = "INSERT INTO notes SELECT g, repeat('x', 1000) FROM generate_series(1, 2000) g"
    with closing(store.open(PLUGIN, NOBODY)) as bounded:
        run(bounded, many)
        with pytest.raises(DatabaseRefusal, match="may take 1000000"):
            bounded.commit()
        assert run(bounded, "SELECT count(*) FROM notes") == [(0,)]
        run(bounded, "TRUNCATE notes")
        bounded.commit()
        run(bounded, "INSERT INTO notes VALUES (1, 'a')")
        bounded.commit()


@pytest.mark.parametrize(
    ("bounds", "text"),
    [
        ({"savepoints": 3}, "SAVEPOINT s"),
        ({"schema_changes": 3}, "CREATE TABLE IF NOT EXISTS more (id int)"),
    ],
)
def test_a_transaction_holds_only_so_much(
    store: PostgreSQLStore, monkeypatch: pytest.MonkeyPatch, bounds: dict[str, int], text: str
) -> None:
    narrow = replace(limits.current(), **bounds)
    monkeypatch.setattr(limits, "current", lambda: narrow)
    with closing(store.open(PLUGIN, NOBODY)) as session:
        for _ in range(3):
            run(session, text)
        with pytest.raises(DatabaseRefusal, match="a transaction may have 3"):
            run(session, text)


def test_too_many_relations_are_rolled_back(
    store: PostgreSQLStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    narrow = replace(limits.current(), relations=3)
    monkeypatch.setattr(limits, "current", lambda: narrow)
    with closing(store.open(PLUGIN, NOBODY)) as session:
        for number in range(4):
            run(session, f"CREATE TABLE t{number} (id int)")
        with pytest.raises(DatabaseRefusal, match="may have 3"):
            session.commit()


def test_rows_that_are_too_many_or_too_large_never_come(session: Session) -> None:
    with pytest.raises(DatabaseRefusal, match="more than 100000 rows"):
        run(session, "SELECT generate_series(1, 1000000)")
    session.rollback()
    with pytest.raises(DatabaseRefusal, match="more than 16777216 bytes"):
        run(session, "SELECT repeat('x', 1000000) FROM generate_series(1, 100)")
    session.rollback()
    assert len(run(session, "SELECT repeat('x', 1000000) FROM generate_series(1, 10)")) == 10


def test_a_role_that_was_dropped_is_made_again(session: Session, store: PostgreSQLStore) -> None:
    session.close()
    other = PostgreSQLStore()
    other.purge(PLUGIN)  # as another process would
    assert not store.exists(PLUGIN)
    store.release(PLUGIN)
    with closing(store.open(PLUGIN, USERS)) as again:
        run(again, "SELECT * FROM users")


def test_a_role_with_foreign_rights_is_not_used(
    store: PostgreSQLStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(services, "raise_problem", lambda *args, **kw: told.append(args[2]))
    store.open(PLUGIN, NOBODY).close()
    store.release(PLUGIN)
    role = sql.Identifier(role_of(server.database(), PLUGIN))
    with server.host() as host:
        host.execute(sql.SQL("ALTER ROLE {} BYPASSRLS").format(role))
        with pytest.raises(DatabaseRefusal, match="could not be opened"):
            store.open(PLUGIN, NOBODY)
        host.execute(sql.SQL("ALTER ROLE {} NOBYPASSRLS").format(role))
    assert "rights that no plugin's role may have" in told[0]
    store.open(PLUGIN, NOBODY).close()


@pytest.mark.django_db(transaction=True)
def test_the_views_make_way_for_a_migration_of_the_chat_and_come_back(session: Session) -> None:
    session.use_grants(USERS)
    run(session, "SELECT user_id FROM users")
    session.commit()
    migration = Migration("0099_later", "chat")
    pre_migrate.send(
        apps.get_app_config("chat"), using="default", plan=[(migration, False)], verbosity=0
    )
    with pytest.raises(DatabaseRefusal, match="does not exist") as refused:
        run(session, "SELECT user_id FROM users")
    assert refused.value.missing == ""
    session.rollback()
    session.use_grants(USERS)
    run(session, "SELECT user_id FROM users")


def test_a_view_of_a_plugin_shows_its_own_tables_only(session: Session) -> None:
    session.use_grants(USERS)
    with pytest.raises(DatabaseRefusal, match="SELECT from them"):
        run(session, "CREATE VIEW mine AS SELECT * FROM users")
    run(session, "CREATE VIEW mine AS SELECT * FROM notes")


def test_purge_leaves_nothing_even_with_a_transaction_open(
    session: Session, store: PostgreSQLStore
) -> None:
    run(session, "INSERT INTO notes VALUES (1, 'a')")
    store.purge(PLUGIN)
    with server.host() as host:
        left = host.execute(
            "SELECT (SELECT count(*) FROM pg_roles WHERE rolname = %s)"
            " + (SELECT count(*) FROM pg_namespace WHERE nspname = %s)",
            [role_of(server.database(), PLUGIN), schema_of(PLUGIN)],
        ).fetchone()
    assert left == (0,)
    store.purge(PLUGIN)


def test_export_and_summary_tell_what_is_there(session: Session, store: PostgreSQLStore) -> None:
    run(session, "INSERT INTO notes VALUES (1, 'ü')")
    run(session, "CREATE VIEW short AS SELECT id FROM notes")
    session.commit()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        store.export(PLUGIN, archive)
        assert archive.read("database/001_notes.jsonl").decode() == '{"id":1,"text":"ü"}\n'
        schema = archive.read("database/schema.sql").decode()
    assert 'CREATE TABLE "notes" (\n  id integer NOT NULL,\n  text text' in schema
    assert "CREATE VIEW short AS" in schema
    summary = store.summary(PLUGIN)
    assert (summary["tables"], summary["rows"]) == (1, 1)
    assert store.summary("nobody") == {"tables": 0, "rows": 0, "bytes": 0}


def test_one_node_migrates_at_a_time(
    store: PostgreSQLStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    first = store.open_for_migration(PLUGIN, NOBODY)

    def migrate_too() -> None:
        with closing(PostgreSQLStore().open_for_migration(PLUGIN, NOBODY)):
            order.append("second")

    other = threading.Thread(target=migrate_too)
    other.start()
    first.keep_record("CREATE TABLE _plexichat_migrations (number int, name text)")
    first.keep_record("INSERT INTO _plexichat_migrations VALUES (%s, %s)", (1, "first"))
    assert first.keep_record("SELECT * FROM _plexichat_migrations") == [(1, "first")]
    first.commit()
    order.append("first")
    first.close()
    other.join(10)
    assert order == ["first", "second"]


@contextmanager
def hosted_by(name: str, rights: str) -> Iterator[psycopg.Connection[Any]]:
    """Be a host whose own role is not a superuser."""
    role = sql.Identifier(name)
    with server.host() as superuser:
        superuser.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(role))
        superuser.execute(
            sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'host' " + rights).format(role)  # type: ignore[arg-type]
        )
        try:
            yield superuser
        finally:
            superuser.execute(sql.SQL("DROP OWNED BY {} CASCADE").format(role))
            superuser.execute(sql.SQL("DROP ROLE {}").format(role))


def test_a_host_without_rights_is_told_which_are_missing(
    store: PostgreSQLStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(services, "raise_problem", lambda *args, **kw: told.append(args[2]))
    given = server.parameters()
    with hosted_by("plexichat_poor", ""):
        monkeypatch.setattr(
            server, "parameters", lambda: {**given, "user": "plexichat_poor", "password": "host"}
        )
        with pytest.raises(DatabaseRefusal, match="could not be opened"):
            store.open(PLUGIN, NOBODY)
        monkeypatch.undo()
    assert 'ALTER ROLE "plexichat_poor" CREATEROLE' in told[0]


def test_a_host_needs_not_be_a_superuser(
    store: PostgreSQLStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = server.parameters()
    name = "plexichat_modest"
    with hosted_by(name, "CREATEROLE") as superuser:
        database = sql.Identifier(server.database())
        role = sql.Identifier(name)
        superuser.execute(sql.SQL("GRANT CREATE ON DATABASE {} TO {}").format(database, role))
        superuser.execute(sql.SQL("GRANT ALL ON ALL TABLES IN SCHEMA public TO {}").format(role))
        superuser.execute("DROP SCHEMA IF EXISTS plexichat_views CASCADE")
        monkeypatch.setattr(
            server, "parameters", lambda: {**given, "user": name, "password": "host"}
        )
        with closing(store.open(PLUGIN, USERS)) as session:
            run(session, "CREATE TABLE notes (id int)")
            run(session, "SELECT * FROM users")
            session.commit()
            session.use_grants(NOBODY)
            with pytest.raises(DatabaseRefusal, match="permission denied"):
                run(session, "SELECT * FROM users")
        provision.provide(PLUGIN, limits.current())  # once more, on what is there
        store.purge(PLUGIN)
        assert not store.exists(PLUGIN)
        monkeypatch.undo()
