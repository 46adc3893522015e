"""The same operations do the same on both stores, and on redis-py without us."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import override_settings
from redis import Redis
from redis.exceptions import DataError, ResponseError

from plexichat_plugin_sdk import _host
from plexichat_plugin_sdk._cache import commands
from plexichat_plugin_sdk.cache import Cache, CacheError, get_cache_client
from plexichat_plugin_sdk.exceptions import ValidationError
from plugin_runtime.gateway.cache.embedded.store import path_of
from tests.cache.conftest import Host, _forget
from tests.cache.operations import UNORDERED, Operation, operation

# redis-py calls setex, hmset and the like deprecated; authors use them all the same.
pytestmark = pytest.mark.filterwarnings("ignore:Call to deprecated:DeprecationWarning")

OPERATIONS = 500


class Worlds:
    """The same plugin's cache on both stores, and a database of its own on plain redis-py."""

    def __init__(self, url: str) -> None:
        self._hosts = {"": Host(), url: Host()}
        self.url = url
        self.client = get_cache_client()
        self.plain = Redis.from_url(urlsplit(url)._replace(path="/9").geturl())
        self.plain.flushdb()
        _forget(url)

    def outcomes(self, asked: Operation) -> list[Any]:
        """What plain redis-py, Redis and the file make of it."""
        found = [_outcome(self.plain, asked)]
        for url, host in reversed(self._hosts.items()):
            _host.bind(host)  # type: ignore[arg-type]
            with override_settings(PLEXICHAT_REDIS_URL=url):
                found.append(_outcome(self.client, asked))
        return found

    def accounts(self) -> list[dict[bytes, int]]:
        """What each store counts for each key."""
        corner = "plexichat:plugin-cache:{shop}:"
        with Redis.from_url(self.url) as redis:
            sizes = {key: int(size) for key, size in redis.hgetall(f"{corner}sizes").items()}
            assert int(redis.get(f"{corner}total") or 0) == sum(sizes.values())
        with sqlite3.connect(path_of("shop")) as file:
            counted = dict(file.execute("SELECT key, bytes FROM entries").fetchall())
            (total,) = file.execute("SELECT bytes FROM used").fetchone()
        file.close()
        assert total == sum(counted.values())
        return [sizes, counted]

    def close(self) -> None:
        self.plain.flushdb()
        self.plain.close()
        for host in self._hosts.values():
            host.end()
        _host.bind(None)


@pytest.fixture
def worlds(home: Any, redis_url: str) -> Iterator[Worlds]:
    both = Worlds(redis_url)
    yield both
    both.close()


def _outcome(client: Cache[bytes] | Redis, asked: Operation) -> Any:
    name, args, options = asked
    try:
        reply = getattr(client, name)(*args, **options)
    except (ResponseError, CacheError):
        return "refused"
    except (DataError, ValidationError):
        return "not sent"
    if name in UNORDERED:
        return sorted(reply)
    if name == "spop":
        return set(reply)
    return [type(reply), reply]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_random_operations_do_the_same(worlds: Worlds, seed: int) -> None:
    chance = random.Random(seed)
    names, refused = set(), 0
    for number in range(OPERATIONS):
        asked = operation(chance)
        plain, on_redis, embedded = worlds.outcomes(asked)
        assert on_redis == plain, f"Redis, {number}: {asked}"
        assert embedded == plain, f"embedded, {number}: {asked}"
        names.add(asked[0])
        refused += plain == "refused"
    assert len(names) > 50
    assert 20 < refused < OPERATIONS / 2
    on_redis, embedded = worlds.accounts()
    assert on_redis == embedded


PATTERNS: list[str | bytes] = [
    "*",
    "a*",
    "*b",
    "?",
    "a?c",
    "[ab]*",
    "[^a]*",
    "[a-c]?",
    r"\*",
    r"a\[*",
    "a[b",
    "*a*b*",
]
PATTERNS += ["", "**", "[", "[]", "[^]", "[b-a]*", "\\", "a[\\]]c", "[a-]", b"\xff*", "*\x00*"]
NAMES = ["a", "b", "ab", "abc", "a]c", "*", "a[b", "-", b"\xff\x00", "\\", "[", "ac\nb", "xaybz"]


@pytest.mark.parametrize("pattern", PATTERNS, ids=repr)
def test_patterns_match_the_same(worlds: Worlds, pattern: str | bytes) -> None:
    worlds.outcomes(("mset", (dict.fromkeys(NAMES, "v"),), {}))
    plain, on_redis, embedded = worlds.outcomes(("keys", (pattern,), {}))
    assert on_redis == plain
    assert embedded == plain


def test_every_command_is_tried_here() -> None:
    chance = random.Random(0)
    tried = {operation(chance)[0].upper() for _ in range(3000)}
    sent_otherwise = {"DELETE": "DEL", "INCR": "INCRBY", "DECR": "DECRBY"}
    tried = {sent_otherwise.get(name, name) for name in tried}
    assert set(commands.COMMANDS) - tried == {"MSET", "PEXPIRE", "PTTL", "DELEQ"}
