"""Migrations: forward, backward, all or nothing, and with the plugin's own rights."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from plugin_runtime.gateway.database import migrations
from plugin_runtime.gateway.database.migrations import MigrationFailed
from plugins_registry.package.migrations import migration_findings

from .conftest import Plugins

Write = Callable[..., Path]
FIRST = "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT);\nCREATE INDEX by ON notes (text);"
SECOND = "-- two\nALTER TABLE notes ADD COLUMN likes INTEGER DEFAULT 0;"


@pytest.fixture
def package(tmp_path: Path) -> Write:
    """Return a function that writes migrations into a package and returns its folder."""

    def write(**files: str) -> Path:
        (tmp_path / "migrations").mkdir(exist_ok=True)
        for name, text in files.items():
            path = tmp_path / "migrations" / f"{name.removeprefix('m').replace('__', '.')}.sql"
            path.write_text(text)
        return tmp_path

    return write


def migrate(plugins: Plugins, root: Path) -> None:
    plugins.named("alpha")
    migrations.migrate("alpha", release="1.0.0", root=root, grants=frozenset())


@pytest.mark.backends
def test_migrations_go_forward_and_back(plugins: Plugins, package: Write) -> None:
    root = package(m0001_first=FIRST, m0001_first__down="DROP TABLE notes;")
    migrate(plugins, root)
    package(m0002_likes=SECOND, m0002_likes__down="ALTER TABLE notes DROP COLUMN likes")
    migrate(plugins, root)
    migrate(plugins, root)
    with plugins.connect() as conn:
        conn.execute("INSERT INTO notes (id) VALUES (1)")
        assert conn.execute("SELECT likes FROM notes").fetchall() == [(0,)]
    migrations.migrate_to("alpha", 1, grants=frozenset())
    with plugins.connect() as conn:
        assert conn.execute("SELECT * FROM notes").fetchall() == [(1, None)]
    assert migrations.applied_number("alpha") == 1


@pytest.mark.backends
def test_a_migration_that_fails_changes_nothing(plugins: Plugins, package: Write) -> None:
    root = package(m0001_first=FIRST, m0002_wrong="CREATE TABLE more (a INTEGER);\n\nSELECT nope;")
    with pytest.raises(MigrationFailed, match=r"0002_wrong\.sql, line 3: .*nope"):
        migrate(plugins, root)
    assert migrations.applied_number("alpha") == 0
    with plugins.connect() as conn:
        conn.execute("CREATE TABLE notes (a INTEGER)")  # so there was none


@pytest.mark.backends
def test_a_migration_has_the_plugins_rights_only(plugins: Plugins, package: Write) -> None:
    for number, sql in enumerate(
        (
            "DELETE FROM _plexichat_migrations",
            "SELECT * FROM chat_user",
            "CREATE TABLE users (a INTEGER)",
            "COMMIT",
        ),
        1,
    ):
        with pytest.raises(MigrationFailed, match="line 1"):
            migrate(plugins, package(m0001_first=f"{sql}; -- {number}"))


@pytest.mark.backends
def test_what_was_applied_may_not_change(plugins: Plugins, package: Write) -> None:
    migrate(plugins, package(m0001_first=FIRST))
    with pytest.raises(MigrationFailed, match="changed after it had been applied"):
        migrate(plugins, package(m0001_first=SECOND))
    with pytest.raises(MigrationFailed, match="0001_first cannot be undone"):
        migrations.migrate_to("alpha", 0, grants=frozenset())


@pytest.mark.backends
def test_two_nodes_migrate_once(plugins: Plugins, package: Write) -> None:
    root = package(m0001_first=FIRST)
    failed: list[Exception] = []

    def start() -> None:
        try:
            migrate(plugins, root)
        except Exception as error:
            failed.append(error)

    nodes = [threading.Thread(target=start) for _ in range(3)]
    for node in nodes:
        node.start()
    for node in nodes:
        node.join(30)
    assert failed == []
    assert migrations.applied_number("alpha") == 1


def test_a_package_is_checked_before_it_is_installed(package: Write, tmp_path: Path) -> None:
    package(m0001_first=FIRST, m0001_again=FIRST, m0003_late="", m0004_x__down="", mfirst="")
    paths = [str(path.relative_to(tmp_path)) for path in sorted(tmp_path.glob("*/*"))]
    (tmp_path / "migrations" / "0003_late.sql").write_bytes(b"\xff")

    problems, warnings = migration_findings(tmp_path, paths)

    told = "\n".join(problems)
    for words in ("first.sql: the name", "0001 is there 2 times", "0002 is missing", "not UTF-8"):
        assert words in told
    assert "0004_x.down.sql: there is no migration forward" in told
    assert len(warnings) == 3


def test_a_sound_package_has_no_findings(package: Write, tmp_path: Path) -> None:
    package(m0001_first=FIRST, m0001_first__down="DROP TABLE notes")
    paths = [str(path.relative_to(tmp_path)) for path in sorted(tmp_path.glob("*/*"))]
    assert migration_findings(tmp_path, [*paths, "plugin.py"]) == ([], [])
