"""The core's views: one schema of ours, each view opened to a plugin by its capability."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import psycopg
from psycopg import sql

from plexichat.chat.data_views import VIEWS as CORE_VIEWS

from .names import VIEWS
from .server import Connection

#: One of us at a time makes or changes what all plugins share; any number that is ours.
LOCK = 0x706C6578
_CORE_TABLE = "chat_user"
_VIEWS = sql.Identifier(VIEWS)


def capabilities() -> frozenset[str]:
    """Return the capabilities that open a view."""
    return frozenset(view.capability for view in CORE_VIEWS.values())


def names() -> frozenset[str]:
    """Return what the views are called."""
    return frozenset(CORE_VIEWS)


def closed_view(names: Iterable[str], granted: frozenset[str]) -> str:
    """Return the first of these names that is a view which the grants do not open; '' for none."""
    views = (name for name in sorted(names) if name in CORE_VIEWS)
    return next((name for name in views if CORE_VIEWS[name].capability not in granted), "")


def lock(connection: Connection) -> None:
    """Wait for our turn to change roles and rights; it lasts as long as the transaction."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def make(connection: Connection) -> None:
    """Make the views as they shall be; who had rights on one keeps them."""
    texts = _texts(connection)
    digest = hashlib.sha256("\n".join(texts.values()).encode()).hexdigest()
    if _remark(connection) == digest:
        return
    connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(_VIEWS))
    for name, text in texts.items():
        _make_one(connection, name, text)
    connection.execute(sql.SQL("COMMENT ON SCHEMA {} IS {}").format(_VIEWS, sql.Literal(digest)))


def open_to(connection: Connection, role: str, granted: frozenset[str]) -> None:
    """Let a role read the views that these capabilities open, and no other."""
    for name, view in CORE_VIEWS.items():
        verb = (
            "GRANT SELECT ON {} TO {}" if view.capability in granted else "REVOKE ALL ON {} FROM {}"
        )
        connection.execute(sql.SQL(verb).format(_qualified(name), sql.Identifier(role)))


def _texts(connection: Connection) -> dict[str, str]:
    found = connection.execute(
        "SELECT quote_ident(n.nspname) FROM pg_class c"
        " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = to_regclass(%s)",
        [_CORE_TABLE],
    ).fetchone()
    schema = found[0] if found else "public"
    return {name: view.select(schema) for name, view in CORE_VIEWS.items()}


def _remark(connection: Connection) -> str:
    """What we noted when the views were made; gone with the schema."""
    found = connection.execute(
        "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = %s", [VIEWS]
    ).fetchone()
    return (found[0] or "") if found else ""


def _make_one(connection: Connection, name: str, text: str) -> None:
    made = sql.SQL("CREATE OR REPLACE VIEW {} WITH (security_barrier) AS {}").format(
        _qualified(name),
        sql.SQL(text),  # our own constant
    )
    try:
        with connection.transaction():
            connection.execute(made)
    except psycopg.errors.InvalidTableDefinition:  # a column went, or changed its type
        readers = _readers(connection, name)
        # Views that plugins built on it go too: they could not say what they would show now.
        connection.execute(sql.SQL("DROP VIEW {} CASCADE").format(_qualified(name)))
        connection.execute(made)
        for role in readers:
            connection.execute(
                sql.SQL("GRANT SELECT ON {} TO {}").format(_qualified(name), sql.Identifier(role))
            )


def _readers(connection: Connection, name: str) -> list[str]:
    found = connection.execute(
        "SELECT r.rolname FROM pg_class c CROSS JOIN aclexplode(c.relacl) a"
        " JOIN pg_roles r ON r.oid = a.grantee WHERE c.oid = to_regclass(%s)"
        " AND a.privilege_type = 'SELECT' AND a.grantee <> c.relowner",
        [f"{VIEWS}.{name}"],
    )
    return [role for (role,) in found]


def _qualified(name: str) -> sql.Composed:
    return sql.SQL("{}.{}").format(_VIEWS, sql.Identifier(name))
