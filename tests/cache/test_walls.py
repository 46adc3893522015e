"""What a hostile plugin tries: other plugins' keys, too much of everything, forged questions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from plexichat_plugin_sdk._cache.commands import KEY_BYTES, MOST_ARGUMENTS, MOST_COMMANDS
from plexichat_plugin_sdk.cache import Cache
from plexichat_plugin_sdk.exceptions import LimitReached, NotAvailable, ValidationError
from tests.cache.conftest import Host

Speak = Callable[[str], None]
STRANGE: list[str | bytes] = [
    "same",
    "*",
    "[a-z]*",
    "\\*",
    b"\x00\xff\n",
    "{shop}:k:same",
    "}:k:same",
    "k" * KEY_BYTES,
]


def test_two_plugins_with_the_same_names_never_meet(cache: Cache[bytes], speak_as: Speak) -> None:
    for name in STRANGE:
        cache.set(name, "of shop")
    # Its name begins with the other's.
    speak_as("shop2")
    assert [cache.get(name) for name in STRANGE] == [None] * len(STRANGE)
    assert cache.keys() == cache.keys("*shop*") == []
    assert cache.delete(*STRANGE) == 0
    for name in STRANGE:
        cache.set(name, "of shop2")
    assert len(cache.keys()) == len(STRANGE)
    speak_as("shop")
    assert set(cache.mget(cache.keys())) == {b"of shop"}
    assert len(cache.keys()) == len(STRANGE)


def test_a_key_that_is_too_long_is_refused(cache: Cache[bytes]) -> None:
    with pytest.raises(ValidationError, match=f"{KEY_BYTES} bytes, this has 10240"):
        cache.set("k" * 10_240, "v")
    with pytest.raises(ValidationError, match="a pattern may have"):
        cache.keys("*" * (KEY_BYTES + 1))


FORGED: list[tuple[str, str, dict[str, Any]]] = [
    ("a command beside the table", "cache.do", {"command": "FLUSHALL", "args": []}),
    ("a script", "cache.do", {"command": "EVAL", "args": [b"return 1", b"0"]}),
    ("two words", "cache.do", {"command": "CONFIG GET", "args": [b"*"]}),
    ("lower case", "cache.do", {"command": "get", "args": [b"k"]}),
    ("no name", "cache.do", {"command": None, "args": [b"k"]}),
    ("no list", "cache.do", {"command": "GET", "args": b"k"}),
    ("text as argument", "cache.do", {"command": "GET", "args": ["k"]}),
    ("a number as argument", "cache.do", {"command": "INCRBY", "args": [b"k", 1]}),
    ("no argument", "cache.do", {"command": "GET", "args": []}),
    ("one too many", "cache.do", {"command": "GET", "args": [b"k", b"l"]}),
    ("a value missing", "cache.do", {"command": "MSET", "args": [b"k", b"v", b"l"]}),
    ("a crowd", "cache.do", {"command": "DEL", "args": [b"k"] * (MOST_ARGUMENTS + 1)}),
    ("no batch", "cache.batch", {"commands": {"GET": [b"k"]}}),
    ("a lame batch", "cache.batch", {"commands": [["GET"]]}),
    ("a long batch", "cache.batch", {"commands": [["GET", [b"k"]]] * (MOST_COMMANDS + 1)}),
    ("a wide batch", "cache.batch", {"commands": [["EXISTS", [b"k"] * 3000]] * 3}),
    ("a batch with a stranger", "cache.batch", {"commands": [["KEYS", [b"*"]]]}),
    ("no pattern", "cache.scan", {"match": None, "cursor": None}),
]


@pytest.mark.parametrize(("_", "what", "arguments"), FORGED, ids=[case[0] for case in FORGED])
def test_a_forged_question_is_refused(
    cache: Cache[bytes], host: Host, _: str, what: str, arguments: dict[str, Any]
) -> None:
    with pytest.raises((ValidationError, NotAvailable)):
        host.ask(what, arguments)
    assert host.ask("cache.do", {"command": "EXISTS", "args": [b"k"]}) == 0


@pytest.mark.parametrize("cursor", [-1, 2**63, "x", b"\xff", b"", [1], 1.5, 7], ids=repr)
def test_a_forged_cursor_is_harmless(cache: Cache[bytes], host: Host, cursor: Any) -> None:
    cache.set("k", "v")
    assert host.ask("cache.scan", {"match": b"*", "cursor": None}) == [None, [b"k"]]
    assert host.ask("cache.scan", {"match": b"*", "cursor": cursor})[1] in ([], [b"k"])


def test_too_many_keys_are_refused_and_expiry_frees(cache: Cache[bytes], settings: Any) -> None:
    settings.PLEXICHAT_PLUGIN_CACHE_KEYS = 20
    for number in range(20):
        cache.set(str(number), "v", ex=100)
    with pytest.raises(LimitReached, match="20 keys are allowed; delete some, or let keys expire"):
        cache.rpush("another", "v")
    assert cache.set("3", "still changed") is True
    cache.pexpire("4", -1)
    assert cache.rpush("another", "v") == 1
    cache.delete("another")
    assert cache.mset({"another": 1}) is True


def test_too_many_bytes_are_refused_and_removing_frees(cache: Cache[bytes], settings: Any) -> None:
    settings.PLEXICHAT_PLUGIN_CACHE_BYTES = 100_000
    cache.rpush("list", *["x" * 1000] * 80)
    with pytest.raises(LimitReached, match="100000 bytes are allowed; delete keys"):
        cache.set("one", "x" * 20_000)
    with pytest.raises(LimitReached):
        cache.pipeline().hset("two", "f", "x" * 20_000).execute()
    assert cache.lpop("list") == b"x" * 1000
    cache.ltrim("list", 0, 9)
    assert cache.set("one", "x" * 20_000) is True


def test_a_queue_can_run_for_ever_at_the_limit(cache: Cache[bytes], settings: Any) -> None:
    settings.PLEXICHAT_PLUGIN_CACHE_BYTES = 5000
    for number in range(50):
        cache.rpush("queue", str(number) * 200)
        cache.zadd("by time", {f"{number}": number})
        assert cache.lpop("queue") is not None
        cache.zremrangebyscore("by time", "-inf", number)
        cache.hset("h", "f", "x" * 1000)
    assert cache.keys() == [b"h"]


def test_one_value_has_its_own_limit(cache: Cache[bytes], settings: Any) -> None:
    settings.PLEXICHAT_PLUGIN_CACHE_VALUE_BYTES = 10_000
    cache.append("text", "x" * 9000)
    for grow in (
        lambda: cache.append("text", "x" * 2000),
        lambda: cache.set("text", "x" * 11_000),
        lambda: cache.sadd("set", *[f"{number:0100}" for number in range(100)]),
    ):
        with pytest.raises(LimitReached, match="would hold more than 10000 bytes; spread it"):
            grow()
    assert cache.strlen("text") == 9000
    assert cache.set("text", "x" * 9500) is True


def test_an_answer_cannot_be_blown_up(cache: Cache[bytes]) -> None:
    cache.set("k", "x" * 200_000)
    cache.hset("h", "f", "x" * 200_000)
    for ask in (
        lambda: cache.mget(["k"] * 1000),
        lambda: cache.hmget("h", ["f"] * 1000),
        lambda: _many(cache, 100).execute(),
    ):
        with pytest.raises(LimitReached, match="the answer would have more than"):
            ask()
    assert len(_many(cache, 10).execute()) == 10


def _many(cache: Cache[bytes], count: int) -> Any:
    pipe = cache.pipeline()
    for _ in range(count):
        pipe.get("k")
    return pipe


def test_a_nasty_pattern_costs_little(cache: Cache[bytes]) -> None:
    for number in range(20):
        cache.set("a" * 1000 + str(number), "v")
    assert cache.keys("*a" * 500 + "b") == []
    assert len(cache.keys("*a" * 500 + "*")) == 20
