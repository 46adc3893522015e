"""What every test may use."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from redis import Redis

from plugin_runtime import news
from tests.flushing import Flush
from tests.running import MIGRATED

_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not even import what has no test for the second round: importing all takes seconds."""
    if config.option.markexpr != "backends" or collection_path.suffix != ".py":
        return None
    return "backends" not in collection_path.read_text() or None


@pytest.hookimpl(trylast=True)  # whatever order is drawn among the rest
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, or one worker ends long after the others.

    Refuses tests that have an object's address in their name: the workers must agree on it.
    """
    if named_anew := [item.nodeid for item in items if _ADDRESS.search(item.nodeid)]:
        raise pytest.UsageError("give these tests the same name each time: ", *named_anew)
    for mark in ("slow", "timeout"):  # the longest of all have a timeout of their own
        items.sort(key=lambda item: item.get_closest_marker(mark) is None)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Let go of all connections in the end: PostgreSQL drops no database that somebody uses."""
    with django_db_blocker.unblock():
        _remember_the_beginning()
    yield
    if connection.vendor != "postgresql":
        return
    with django_db_blocker.unblock():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid != pg_backend_pid()"
            )
        connection.close()
        connection.close_pool()


def _remember_the_beginning() -> None:
    if "django_migrations" not in connection.introspection.table_names():
        return  # none of the chosen tests wants a database
    Flush.install()
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(settings.PLEXICHAT_HOME / MIGRATED)])


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    """Throttles, heartbeats and copies of one test are no business of the next."""
    yield
    news.forget()
    if not settings.PLEXICHAT_REDIS_URL:
        cache.clear()
        return
    # Clearing would flush the whole server, and the address may be one that somebody gave.
    with Redis.from_url(settings.PLEXICHAT_REDIS_URL) as redis:
        for key in redis.scan_iter(match="plexichat:*"):
            redis.delete(key)
