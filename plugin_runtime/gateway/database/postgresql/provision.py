"""Making, changing and removing what a plugin has on the server: its role and its schema.

The schema is ours and the role may only use it and create in it, so that we can drop all of it
without ever having been a member of the role, and the plugin cannot give it away.
"""

from __future__ import annotations

import contextlib
from typing import LiteralString

import psycopg
from psycopg import sql

from . import views
from .limits import Limits
from .names import VIEWS, role_of, schema_of
from .server import Connection, connect, database, host, password_of, settings_of_role

_NEW = "CREATE ROLE {} NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS NOREPLICATION"
_OLD = "ALTER ROLE {}"
# Who lacks one of the other attributes may not even say that a role shall lack it.
_EITHER = " LOGIN NOINHERIT CONNECTION LIMIT {} PASSWORD {}"


class Impossible(Exception):
    """The host's own role may not make what plugins need; the text says what an admin can do."""


def provide(plugin: str, limits: Limits) -> None:
    """Make the plugin's role and schema, or bring them to what they shall be.

    Any number of processes may do so at once. Raises `Impossible` or psycopg.Error.
    """
    role = role_of(database(), plugin)
    with host() as connection:
        try:
            with connection.transaction():
                views.lock(connection)
                _check_server(connection)
                _make_role(connection, role, limits)
                _limit_role(connection, role, plugin, limits)
                _make_schema(connection, role, plugin)
                views.make(connection)
                _open_views(connection, role)
        except psycopg.errors.InsufficientPrivilege as error:
            raise Impossible(_how_to_help(connection)) from error
        _harden(connection)


def grant(plugin: str, granted: frozenset[str]) -> None:
    """Open the core's views that these capabilities open to the plugin, and close the others."""
    with host() as connection, connection.transaction():
        views.lock(connection)
        views.open_to(connection, role_of(database(), plugin), granted)


def exists(plugin: str) -> bool:
    """Whether the plugin has a role or a schema."""
    with host() as connection:
        found = connection.execute(
            "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = %s)"
            " OR EXISTS (SELECT FROM pg_namespace WHERE nspname = %s)",
            [role_of(database(), plugin), schema_of(plugin)],
        ).fetchone()
    return bool(found and found[0])


def remove(plugin: str, limits: Limits) -> None:
    """Drop the schema and the role with all they hold; harmless when they are not there."""
    role = role_of(database(), plugin)
    with contextlib.suppress(psycopg.Error):
        _empty_as_itself(plugin, limits)
    with host() as connection, connection.transaction():
        views.lock(connection)
        schema = sql.Identifier(schema_of(plugin))
        connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(schema))
        if not _has_role(connection, role):
            return
        _take_rights(connection, role)
        connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


def _empty_as_itself(plugin: str, limits: Limits) -> None:
    """The role may end its other connections, and drop what it owns anywhere in the database."""
    connection = connect(plugin, limits, seconds=limits.migration_seconds)
    try:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE usename = current_user AND pid <> pg_backend_pid()"
        )
        connection.execute("DROP OWNED BY CURRENT_USER CASCADE")
    finally:
        connection.close()


def _check_server(connection: Connection) -> None:
    found = connection.execute("SHOW server_encoding").fetchone()
    if not found or found[0] != "UTF8":
        raise Impossible(
            f"the database has the encoding {found[0] if found else 'unknown'}; plugins need UTF8. "
            "Make it anew with: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"
        )


def _has_role(connection: Connection, role: str) -> bool:
    found = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [role])
    return found.fetchone() is not None


def _make_role(connection: Connection, role: str, limits: Limits) -> None:
    has_role = _has_role(connection, role)
    if has_role:
        _check_role(connection, role)
    verb: LiteralString = _OLD + _EITHER if has_role else _NEW + _EITHER
    # What stands in the statement, and so perhaps in the server's log, is not the password.
    secret = connection.pgconn.encrypt_password(
        password_of(role).encode(), role.encode(), b"scram-sha-256"
    )
    connection.execute(
        sql.SQL(verb).format(
            sql.Identifier(role),
            sql.Literal(limits.connections_of_role),
            sql.Literal(secret.decode()),
        )
    )


def _check_role(connection: Connection, role: str) -> None:
    """A role with more rights than we give one was changed by somebody: nobody uses it."""
    found = connection.execute(
        "SELECT rolsuper OR rolcreatedb OR rolcreaterole OR rolbypassrls OR rolreplication"
        " OR EXISTS (SELECT FROM pg_auth_members m WHERE m.member = r.oid)"
        " FROM pg_roles r WHERE rolname = %s",
        [role],
    ).fetchone()
    if found and found[0]:
        raise Impossible(
            f"the role {role} has rights that no plugin's role may have (superuser, createdb, "
            "createrole, bypassrls, replication, or membership in another role); take them away"
        )


def _limit_role(connection: Connection, role: str, plugin: str, limits: Limits) -> None:
    verb = sql.SQL("ALTER ROLE {} SET {} = {}")
    for name, value in settings_of_role(limits, plugin).items():
        text: sql.Composable = sql.Literal(value)
        if name == "search_path":
            text = sql.SQL("{}, {}").format(
                sql.Identifier(schema_of(plugin)), sql.Identifier(VIEWS)
            )
        connection.execute(verb.format(sql.Identifier(role), sql.Identifier(name), text))
    with contextlib.suppress(psycopg.errors.InsufficientPrivilege), connection.transaction():
        # Superusers' only, unless it was granted: without it the deadline alone bounds them.
        size = sql.Literal(f"{limits.schema_bytes // 1024}kB")
        limit = sql.Identifier("temp_file_limit")
        connection.execute(verb.format(sql.Identifier(role), limit, size))


def _make_schema(connection: Connection, role: str, plugin: str) -> None:
    names = {"schema": sql.Identifier(schema_of(plugin)), "role": sql.Identifier(role)}
    for text in (
        "CREATE SCHEMA IF NOT EXISTS {schema}",
        "REVOKE ALL ON SCHEMA {schema} FROM PUBLIC",
        "GRANT USAGE, CREATE ON SCHEMA {schema} TO {role}",
    ):
        connection.execute(sql.SQL(text).format(**names))


def _open_views(connection: Connection, role: str) -> None:
    """Let it name them all, so that a refusal can say what is missing."""
    text = sql.SQL("GRANT USAGE ON SCHEMA {} TO {}")
    connection.execute(text.format(sql.Identifier(VIEWS), sql.Identifier(role)))
    row = connection.execute(
        "SELECT has_database_privilege(%s, current_database(), 'CONNECT')", [role]
    ).fetchone()
    if row and not row[0]:
        text = sql.SQL("GRANT CONNECT ON DATABASE {} TO {}")
        connection.execute(text.format(sql.Identifier(database()), sql.Identifier(role)))


def _take_rights(connection: Connection, role: str) -> None:
    """Whatever was granted to it by us would keep it from going."""
    for name in (
        sql.SQL("ALL TABLES IN SCHEMA {}").format(sql.Identifier(VIEWS)),
        sql.SQL("SCHEMA {}").format(sql.Identifier(VIEWS)),
        sql.SQL("DATABASE {}").format(sql.Identifier(database())),
    ):
        with contextlib.suppress(psycopg.errors.InvalidSchemaName), connection.transaction():
            connection.execute(
                sql.SQL("REVOKE ALL ON {} FROM {}").format(name, sql.Identifier(role))
            )


def _harden(connection: Connection) -> None:
    """Take from everybody what nobody but us needs, where the database is ours."""
    found = connection.execute(
        "SELECT pg_get_userbyid(datdba) = current_user FROM pg_database"
        " WHERE datname = current_database()"
    ).fetchone()
    if found and found[0]:
        text = sql.SQL("REVOKE TEMPORARY ON DATABASE {} FROM PUBLIC")
        with contextlib.suppress(psycopg.Error):
            connection.execute(text.format(sql.Identifier(database())))


def _how_to_help(connection: Connection) -> str:
    user = connection.info.user
    return (
        "the server's own role may not make roles and schemas for plugins. As a superuser of "
        f'PostgreSQL run: ALTER ROLE "{user}" CREATEROLE; '
        f'GRANT CREATE ON DATABASE "{database()}" TO "{user}";'
    )
