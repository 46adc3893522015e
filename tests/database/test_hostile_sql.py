"""Each hostile statement is refused or empty, and nobody else sees, loses or waits for anything."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection

from plexichat_plugin_sdk._answers.sql import statements
from plexichat_plugin_sdk._answers.sql.statements import Dialect, StatementRefused
from plugin_runtime.gateway.database.chunks import Rows
from plugin_runtime.gateway.database.postgresql.names import prefix_of
from plugin_runtime.gateway.database.store import DatabaseRefusal
from plugin_runtime.gateway.database.stores import store

from .hostile import GROUPS, SECRET, Group, attempts_on

# The mark is what makes the chat's database; nothing is written in the transaction it begins.
pytestmark = [pytest.mark.backends, pytest.mark.django_db]

#: What a plugin's statement may take here; the bombs would take all of it.
SECONDS = 0.4
#: Beyond its own time, what an answer may need on a busy machine.
PATIENCE = 6.0
#: A bystander's SELECT while nothing is wrong takes a millisecond.
USUAL_SECONDS = 2.0
NOBODY: frozenset[str] = frozenset()


def run(plugin: str, sql: str, *, seconds: float = 5.0) -> list[Any]:
    """Run one statement as a plugin's code would, and commit; return its rows."""
    session = store().open(plugin, NOBODY)
    try:
        statement = statements.read(sql, store().dialect, False)
        session.use_grants(NOBODY)
        result = session.execute(statement, statement.values(None), seconds=seconds)
        rows = list(result.rows) if result.columns is not None else []
        Rows(iter(rows)).take()  # as they would travel
        session.commit()
        return rows
    finally:
        session.close()


@dataclass
class World:
    """An attacker, and those who must not notice."""

    look: Callable[[], Any]

    def attack(self, sql: str, *, may_answer: bool = False) -> str:
        """Run an attempt and return what came of it; everything else must be as before."""
        before = self.look()
        began = time.monotonic()
        try:
            answer = str(run("attacker", sql, seconds=SECONDS))
            outcome = "answered"
        except (DatabaseRefusal, StatementRefused) as refusal:
            answer, outcome = str(refusal), "refused"
        took = time.monotonic() - began
        assert SECRET not in answer
        assert took < SECONDS + PATIENCE, f"it took {took:.1f} s"
        began = time.monotonic()
        assert self.look() == before
        assert time.monotonic() - began < USUAL_SECONDS
        return outcome


@pytest.fixture(scope="module")
def world(home: Path, database: None) -> Iterator[World]:
    """A victim with secrets, a user with secrets, and the attacker with a table of its own."""
    person = get_user_model().objects.create_user(username=SECRET, password=SECRET)
    plugins = ("victim", "attacker")
    for plugin in plugins:
        store().purge(plugin)
        run(plugin, "CREATE TABLE notes (id INTEGER PRIMARY KEY, secret TEXT)")
        run(plugin, "INSERT INTO notes (id, secret) VALUES (1, 'own')")
    run("victim", f"UPDATE notes SET secret = '{SECRET}'")
    yield World(look_of_others)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM chat_user WHERE id = %s", [person.pk])
    for plugin in plugins:
        store().purge(plugin)


def look_of_others() -> Any:
    """What an attacker must not change, as the victim and the host see it."""
    notes = run("victim", "SELECT id, secret FROM notes")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            return notes, _look_of_server(cursor)
    # Not Django's connection: its transaction would go on seeing what it saw before.
    with closing(sqlite3.connect(connection.settings_dict["NAME"])) as fresh:
        users = fresh.execute("SELECT * FROM chat_user").fetchall()
        return notes, users, fresh.execute("SELECT * FROM sqlite_master").fetchall()


def _look_of_server(cursor: Any) -> list[Any]:
    """What is shared by all roles: roles, schemas, large objects, rights, locks by number.

    Of this database only: other tests use the server at the same time.
    """
    ours = prefix_of(connection.settings_dict["NAME"])
    found = []
    for query in (
        "SELECT * FROM chat_user",
        "SELECT rolname, rolsuper, rolcreaterole, rolconfig FROM pg_roles"
        f" WHERE rolname = 'mine' OR starts_with(rolname, '{ours}') ORDER BY 1",
        "SELECT nspname, nspacl::text FROM pg_namespace WHERE nspname !~ '^pg_t' ORDER BY 1",
        "SELECT count(*) FROM pg_largeobject_metadata",
        "SELECT oid::regclass::text, relacl::text FROM pg_class WHERE relnamespace::regnamespace"
        "::text IN ('public', 'plexichat_views', 'plugin_victim') ORDER BY 1",
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database ="
        " (SELECT oid FROM pg_database WHERE datname = current_database())",
        "SELECT count(*) FROM pg_proc WHERE pronamespace > 16384",
    ):
        cursor.execute(query)
        found.append(cursor.fetchall())
    return found


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "attempt" in metafunc.fixturenames:
        tried = attempts_on(connection.vendor)
        ids = [f"{group.name}: {sql[:60]!r}" for group, sql in tried]
        metafunc.parametrize(("group", "attempt"), tried, ids=ids)
    elif "twin" in metafunc.fixturenames:
        groups = [group for group in GROUPS if connection.vendor in group.databases]
        ids = [group.name for group in groups]
        metafunc.parametrize("twin", [group.twin for group in groups], ids=ids)


def test_a_hostile_statement_reaches_nobody(world: World, group: Group, attempt: str) -> None:
    outcome = world.attack(attempt)
    assert outcome == ("answered" if group.may_answer else "refused")


def test_what_is_like_it_and_harmless_works(world: World, twin: str) -> None:
    assert run("attacker", twin)


def test_the_corpus_is_large_enough() -> None:
    counts = {dialect: len(attempts_on(dialect.value)) for dialect in Dialect}
    assert min(counts.values()) >= 60
    assert sum(counts.values()) >= 200
