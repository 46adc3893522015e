"""The two arrangements, and the secret that production must be given."""

from __future__ import annotations

import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from plexichat import arrangement, bootstrap

SQLITE = {"ENGINE": "django.db.backends.sqlite3", "NAME": "x"}
KEY = "a-key-of-thirty-two-bytes-for-these-tests-x"
POSTGRES = {"ENGINE": "django.db.backends.postgresql", "NAME": "x", "OPTIONS": {"sslmode": "on"}}


def test_sqlite_waits_for_its_turn_to_write() -> None:
    options = arrangement.database(SQLITE, pool_size=8, test_name=Path("t"))["OPTIONS"]
    assert options["transaction_mode"] == "IMMEDIATE"
    assert "journal_mode=WAL" in options["init_command"]
    assert "pool" not in options


def test_postgresql_gives_up_soon_and_keeps_what_was_asked() -> None:
    options = arrangement.database(POSTGRES, pool_size=8, test_name=Path("t"))["OPTIONS"]
    assert options["pool"]["max_size"] == 8
    assert options["pool"]["timeout"] == 5
    assert options["sslmode"] == "on"


def test_postgresql_without_a_pool_in_celerys_own_program() -> None:
    options = arrangement.database(POSTGRES, pool_size=0, test_name=Path("t"))["OPTIONS"]
    assert "pool" not in options


@pytest.mark.parametrize(
    ("argv", "is_celery"),
    [
        pytest.param(["/venv/bin/celery", "-A", "plexichat", "worker"], True, id="program"),
        pytest.param(["/site-packages/celery/__main__.py", "worker"], True, id="module"),
        pytest.param(["manage.py", "celery"], False, id="a verb"),
        pytest.param([], False, id="nothing"),
    ],
)
def test_celerys_program_is_known_by_its_name(argv: list[str], is_celery: bool) -> None:
    assert arrangement.runs_as_celery_program(argv) is is_celery


def test_without_redis_all_stays_in_the_process() -> None:
    assert "InMemory" in arrangement.channel_layers("")["default"]["BACKEND"]
    assert "LocMem" in arrangement.caches("")["default"]["BACKEND"]
    assert arrangement.broker_options("memory://") == {"polling_interval": 0.02}


def test_with_redis_processes_share() -> None:
    url = "redis://cache.example:6379/0"
    assert arrangement.channel_layers(url)["default"]["CONFIG"]["hosts"] == [url]
    assert arrangement.caches(url)["default"]["LOCATION"] == url
    assert arrangement.broker_options(url)["unacked_restore_throttle"] == 1


def test_rabbitmq_needs_no_options() -> None:
    assert arrangement.broker_options("amqp://broker.example") == {}


def test_a_given_secret_is_taken(tmp_path: Path) -> None:
    assert arrangement.secret_key("given", home=tmp_path, embedded=False) == "given"
    assert list(tmp_path.iterdir()) == []


def test_a_secret_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    home = tmp_path / "home"
    first = arrangement.secret_key("", home=home, embedded=True)
    assert len(first) >= 50
    assert arrangement.secret_key("", home=home, embedded=True) == first
    assert [path.name for path in home.iterdir()] == ["secret-key"]
    assert stat.S_IMODE((home / "secret-key").stat().st_mode) == 0o600


def test_first_starts_at_once_agree_on_the_secret(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(
            pool.map(lambda _: arrangement.secret_key("", home=tmp_path, embedded=True), range(32))
        )
    assert len(keys) == 1


def test_production_refuses_to_invent_a_secret(tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match="PLEXICHAT_SECRET_KEY is not set"):
        arrangement.secret_key("", home=tmp_path, embedded=False)


def test_a_given_encryption_key_is_taken(tmp_path: Path) -> None:
    assert arrangement.encryption_keys([KEY], home=tmp_path, embedded=False) == (KEY,)
    assert list(tmp_path.iterdir()) == []


def test_an_encryption_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    home = tmp_path / "home"
    first = arrangement.encryption_keys([], home=home, embedded=True)
    assert arrangement.encryption_keys([], home=home, embedded=True) == first
    assert [path.name for path in home.iterdir()] == ["encryption-key"]
    assert stat.S_IMODE((home / "encryption-key").stat().st_mode) == 0o600


def test_production_refuses_to_invent_an_encryption_key(tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"ENCRYPTION_KEYS is not set.*Make a key with"):
        arrangement.encryption_keys([], home=tmp_path, embedded=False)


def test_a_damaged_encryption_key_is_refused_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "encryption-key").write_text(KEY[:-4])
    with pytest.raises(ImproperlyConfigured, match="key 1 has 29 bytes") as refused:
        arrangement.encryption_keys([], home=tmp_path, embedded=True)
    assert KEY[:20] not in str(refused.value)


@pytest.mark.slow
@pytest.mark.parametrize(
    "variable",
    [
        pytest.param("PLEXICHAT_REDIS_URL=redis://localhost:1/0", id="redis"),
        pytest.param("PLEXICHAT_DATABASE_URL=postgres://u@localhost/d", id="postgresql"),
    ],
)
def test_a_command_without_the_secret_says_what_to_set(variable: str, tmp_path: Path) -> None:
    name, _, value = variable.partition("=")
    ended = subprocess.run(
        [sys.executable, "manage.py", "check"],
        env={"PATH": "/usr/bin:/bin", "PLEXICHAT_HOME": str(tmp_path), name: value},
        cwd=bootstrap.ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode != 0
    assert "PLEXICHAT_SECRET_KEY is not set" in ended.stderr
