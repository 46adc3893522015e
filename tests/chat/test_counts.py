"""Rates go on being kept, and nobody is answered 500, while the shared cache is away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import ConnectionError as RedisIsAway
from rest_framework.test import APIClient

from plexichat.chat.api.throttling import ScopedThrottle
from plexichat.chat.counts import AWAY_SECONDS, Counts
from tests.servers import redis
from tests.servers.private import PrivateServer, ServerFailed


class Shaky(LocMemCache):
    """A shared cache that may be away."""

    is_away = False
    looks = 0

    def get(self, *args: object, **kwargs: object) -> object:
        self._look()
        return super().get(*args, **kwargs)  # type: ignore[arg-type]

    def set(self, *args: object, **kwargs: object) -> None:
        self._look()
        super().set(*args, **kwargs)  # type: ignore[arg-type]

    def _look(self) -> None:
        self.looks += 1
        if self.is_away:
            raise RedisIsAway("refused")


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def shared() -> Shaky:
    cache = Shaky("shaky", {})
    cache.clear()
    return cache


def test_counts_are_shared_while_they_can_be(shared: Shaky) -> None:
    counts = Counts(shared)
    counts.set("a", [1], 60)
    assert (counts.get("a"), shared.get("a")) == ([1], [1])


def test_a_cache_that_is_away_is_replaced_and_left_alone_for_a_while(
    shared: Shaky, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    counts = Counts(shared, clock=clock)
    shared.is_away = True
    counts.set("b", [1], 60)
    assert (counts.get("b"), shared.looks) == ([1], 1)
    assert "the shared cache is away" in caplog.text

    shared.is_away = False
    clock.now += AWAY_SECONDS
    assert counts.get("b", "nobody counted there") == "nobody counted there"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[PrivateServer, str]]:
    """A Redis of the test's own."""
    try:
        started = redis.start(tmp_path)
    except ServerFailed as failure:
        pytest.skip(str(failure))
    yield started
    started[0].stop()


@pytest.mark.django_db
def test_logins_are_answered_and_limited_without_redis(
    server: tuple[PrivateServer, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ScopedThrottle, "cache", Counts(RedisCache(server[1], {})))
    wrong = {"username": "nobody", "password": "does not matter"}
    before = APIClient().post("/api/v1/auth/login", wrong, format="json").status_code
    server[0].kill()
    without = [
        APIClient().post("/api/v1/auth/login", wrong, format="json").status_code for _ in range(11)
    ]
    assert [before, *without] == [401] * 11 + [429]
