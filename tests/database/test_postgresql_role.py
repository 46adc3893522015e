"""The role alone: what it may do when a statement has got past every list of ours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from plugin_runtime.gateway.database.postgresql import limits, server, walls
from plugin_runtime.gateway.database.postgresql.names import LONGEST, role_of, schema_of
from plugin_runtime.gateway.database.stores import store

pytestmark = [
    pytest.mark.backends,
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="about PostgreSQL's roles"),
]
NOBODY: frozenset[str] = frozenset()


@pytest.fixture(scope="module")
def role(home: Path, database: None) -> Iterator[server.Connection]:
    """A bare connection as a plugin's role, beside a victim with a table of its own."""
    for plugin in ("victim", "attacker"):
        store().purge(plugin)
        store().open(plugin, NOBODY).close()
    bounds = limits.current()
    with closing(server.connect("victim", bounds, seconds=5)) as victim:
        victim.execute("CREATE TABLE notes (id int, secret text)")
    with closing(server.connect("attacker", bounds, seconds=5)) as attacker:
        attacker.execute("CREATE TABLE notes (id int, secret text)")
        yield attacker
    for plugin in ("victim", "attacker"):
        store().purge(plugin)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM plugin_victim.notes",
        "CREATE TABLE plugin_victim.mine (id int)",
        "DROP TABLE plugin_victim.notes",
        "DROP SCHEMA plugin_victim CASCADE",
        "DROP SCHEMA plugin_attacker CASCADE",
        "ALTER SCHEMA plugin_attacker RENAME TO mine",
        "SELECT * FROM public.chat_user",
        "SELECT * FROM plexichat_views.users",
        "DELETE FROM plexichat_views.users",
        "CREATE TABLE public.mine (id int)",
        "CREATE TABLE plexichat_views.mine (id int)",
        "CREATE SCHEMA mine",
        "CREATE ROLE mine",
        "CREATE DATABASE mine",
        "CREATE TEMP TABLE mine (id int)",
        "CREATE EXTENSION dblink",
        "ALTER ROLE CURRENT_USER SUPERUSER",
        "ALTER SYSTEM SET fsync = off",
        "COPY notes FROM PROGRAM 'id'",
        "COPY notes FROM '/etc/passwd'",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT pg_ls_dir('/')",
        "SELECT lo_import('/etc/passwd')",
        "SELECT rolpassword FROM pg_authid",
        "SET ROLE plexichat",
        "SET SESSION AUTHORIZATION plexichat",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename <> current_user",
    ],
)
def test_the_role_may_not(role: server.Connection, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        role.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM notes",
        "INSERT INTO notes VALUES (1, 'x')",
        "CREATE TABLE mine (id serial PRIMARY KEY)",
        "DROP TABLE mine",
    ],
)
def test_the_role_may(role: server.Connection, statement: str) -> None:
    if statement.startswith("DROP"):
        role.execute("CREATE TABLE IF NOT EXISTS mine (id int)")
    elif statement.startswith("CREATE"):
        role.execute("DROP TABLE IF EXISTS mine")
    role.execute(statement)


def test_every_function_that_does_something_was_thought_of(role: server.Connection) -> None:
    """A new server may bring new functions: each that is not pure is refused, or known here."""
    harmless = {
        # Chance and time.
        *("random", "random_normal", "setseed", "clock_timestamp", "timeofday"),
        *("gen_random_uuid", "uuidv4", "uuidv7", "array_shuffle", "array_sample"),
        # The plugin's own sequences: they ask for its rights.
        *("nextval", "setval", "currval", "lastval"),
        # They take values that no SQL can make.
        *("bernoulli", "system", "heap_tableam_handler"),
        *("dsnowball_init", "dsnowball_lexize"),
        *(f"{kind}handler" for kind in ("bt", "hash", "gist", "gin", "spg", "brin")),
    }
    found = role.execute(
        "SELECT DISTINCT proname FROM pg_proc WHERE provolatile = 'v'"
        " AND has_function_privilege(oid, 'execute')"
        " AND prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)"
    )
    names = {name for (name,) in found}
    assert {name for name in names if not walls.is_refused(name)} <= harmless
    assert "pg_sleep" in names


def test_the_roles_limits_hold_without_us(role: server.Connection) -> None:
    configuration = role.execute(
        "SELECT array_to_string(rolconfig, ' '), rolconnlimit, rolsuper OR rolcreaterole"
        " OR rolcreatedb OR rolinherit OR rolreplication OR rolbypassrls"
        " FROM pg_roles WHERE rolname = current_user"
    ).fetchone()
    assert configuration is not None
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
    assert all(f"{name}=" in configuration[0] for name in names)
    assert configuration[1] == limits.current().connections_of_role
    assert configuration[2] is False


def test_no_password_is_written_anywhere(role: server.Connection) -> None:
    name = role_of(server.database(), "attacker")
    with server.host() as host:
        stored = host.execute("SELECT rolpassword FROM pg_authid WHERE rolname = %s", [name])
        kept = stored.fetchone()
    assert kept is not None
    assert re.match(r"SCRAM-SHA-256\$", kept[0])


@pytest.mark.parametrize("plugin", ["a", "weather", "x" * 64, "x" * 63 + "y"])
def test_names_fit_and_never_meet(plugin: str) -> None:
    others = ["b", "x" * 62, "x" * 63 + "z", *("x" * length for length in range(30, 60))]
    for name_of in (schema_of, lambda name: role_of("plexichat", name)):
        assert len(name_of(plugin)) <= LONGEST
        assert name_of(plugin) not in {name_of(other) for other in others if other != plugin}


def test_two_databases_on_one_server_have_their_own_roles() -> None:
    assert role_of("one", "weather") != role_of("two", "weather")
