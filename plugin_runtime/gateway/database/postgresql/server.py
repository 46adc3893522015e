"""Connections to the server: the host's own, and one as a plugin's role."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections

from plugins_registry import keys

from .limits import Limits
from .names import VIEWS, role_of, schema_of
from .values import Adapted

Connection = psycopg.Connection[Any]
#: How long we wait for the server to take a connection, unless the operator said otherwise.
CONNECT_SECONDS = 5
_DJANGO = ("context", "cursor_factory", "prepare_threshold")
#: How the host's role waits for locks and statements while it makes or removes things.
_HOST_OPTIONS = "-c lock_timeout=10s -c statement_timeout=60s"


def parameters() -> dict[str, Any]:
    """Return how Django reaches the server, as psycopg wants to be told."""
    given = connections[DEFAULT_DB_ALIAS].get_connection_params()
    found = {name: value for name, value in given.items() if name not in _DJANGO}
    return {"connect_timeout": CONNECT_SECONDS, **found}


def database() -> str:
    """Return the name of our database."""
    return str(parameters()["dbname"])


@contextmanager
def host() -> Iterator[Connection]:
    """A connection as the host's own role, each statement its own transaction.

    Apart from Django's, whose transaction may be somebody else's: a plugin's role must be there
    for the next connection.
    """
    connection = psycopg.connect(**_with_options(_HOST_OPTIONS), autocommit=True)
    try:
        yield connection
    finally:
        connection.close()


def connect(
    plugin: str, limits: Limits, *, seconds: float, lock_seconds: float = 5.0
) -> Connection:
    """Return a connection as the plugin's role; raise psycopg.OperationalError.

    `seconds` is what the server allows a statement. A little less is for us to enforce, since
    the plugin could change what the server was told if it ever got past the statement list.
    """
    role = role_of(database(), plugin)
    settings = _settings(limits, plugin).items()
    # A blank would end a value.
    values = {name: value.replace(" ", "\\ ") for name, value in settings}
    options = " ".join(f"-c {name}={value}" for name, value in values.items())
    options += f" -c statement_timeout={_milliseconds(seconds + 1)}"
    options += f" -c lock_timeout={_milliseconds(lock_seconds)}"
    changed = {"user": role, "password": password_of(role), "application_name": role}
    return psycopg.connect(
        **{**_with_options(options), **changed}, autocommit=True, context=Adapted()
    )


def password_of(role: str) -> str:
    """Return the password of a role: nobody has to keep it."""
    return base64.b64encode(keys.derive(f"database role {role}")).decode()


def settings_of_role(limits: Limits, plugin: str) -> dict[str, str]:
    """Return what the server shall hold the role to, whoever connects as it."""
    return {
        **_settings(limits, plugin),
        "search_path": f'"{schema_of(plugin)}", {VIEWS}',
        "statement_timeout": _milliseconds(limits.migration_seconds + 1),
        "lock_timeout": _milliseconds(limits.statement_seconds),
    }


def _settings(limits: Limits, plugin: str) -> dict[str, str]:
    return {
        "search_path": f'"{schema_of(plugin)}",{VIEWS}',
        # We roll back before that; it is for the case that we are gone.
        "idle_in_transaction_session_timeout": _milliseconds(limits.idle_seconds + 10),
        "max_parallel_workers_per_gather": "0",
        "max_parallel_maintenance_workers": "0",
        "work_mem": "4MB",
        "maintenance_work_mem": "32MB",
        "default_transaction_isolation": "read committed",
        "standard_conforming_strings": "on",
        "TimeZone": "UTC",
        "DateStyle": "ISO",
        "IntervalStyle": "postgres",
        "bytea_output": "hex",
        "extra_float_digits": "1",
    }


def _with_options(ours: str) -> dict[str, Any]:
    found = parameters()
    return {**found, "options": f"{found.get('options', '')} {ours}".strip()}


def _milliseconds(seconds: float) -> str:
    return str(int(seconds * 1000))
