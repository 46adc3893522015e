"""What commands answer, on both stores."""

from __future__ import annotations

import pytest

from plexichat_plugin_sdk.cache import Cache, CacheError, get_cache_client
from plexichat_plugin_sdk.exceptions import NotAvailable, ValidationError


def test_values_come_back_as_bytes_or_text(cache: Cache[bytes]) -> None:
    assert cache.set("greeting", "hello", ex=60) is True
    assert cache.get("greeting") == b"hello"
    assert get_cache_client(decode_responses=True).get("greeting") == "hello"
    assert 59 <= cache.ttl("greeting") <= 60


def test_numbers_of_64_bits_are_exact(cache: Cache[bytes]) -> None:
    cache.set("n", 2**62)
    assert cache.incr("n") == 2**62 + 1
    assert cache.hincrby("h", "f", 2**53 + 1) == 2**53 + 1
    with pytest.raises(CacheError, match="64 bits"):
        cache.incr("n", 2**62 * 2 - 5)
    assert cache.decr("n", 2**62) == 1


def test_a_command_for_another_type_is_refused(cache: Cache[bytes]) -> None:
    cache.rpush("l", "a")
    with pytest.raises(CacheError, match="another type"):
        cache.get("l")
    with pytest.raises(CacheError, match="another type"):
        cache.incr("l")
    with pytest.raises(CacheError, match="another type"):
        cache.hset("l", "a", "b")
    assert cache.lrange("l", 0, -1) == [b"a"]


@pytest.mark.parametrize("name", ["eval", "flushall", "publish", "execute_command", "blpop"])
def test_what_is_not_offered_says_so(cache: Cache[bytes], name: str) -> None:
    with pytest.raises(NotAvailable, match=rf"cache\.{name} is not offered"):
        getattr(cache, name)
    with pytest.raises(NotAvailable, match="is not offered"):
        getattr(cache.pipeline(), name)


@pytest.mark.parametrize("value", [None, True, {"a": 1}, [1]], ids=str)
def test_only_text_and_numbers_are_stored(cache: Cache[bytes], value: object) -> None:
    with pytest.raises(ValidationError, match=r"json\.dumps"):
        cache.set("k", value)  # type: ignore[arg-type]  # what is tested
    assert cache.set("k", "text") is True


def test_a_pipeline_is_one_question(cache: Cache[bytes]) -> None:
    with cache.pipeline() as pipe:
        pipe.set("a", 1).incr("a").lpush("a", "x").hset("h", mapping={"f": "v"}).hgetall("h")
        with pytest.raises(CacheError, match="another type"):
            pipe.execute()
    replies = cache.pipeline().get("a").lpush("a", "x").delete("a", "h").execute(False)
    assert replies[0] == b"2"
    assert isinstance(replies[1], CacheError)
    assert replies[2] == 2


def test_many_keys_are_deleted_at_once(cache: Cache[bytes]) -> None:
    names = [f"key-{number}" for number in range(2500)]
    for begin in range(0, 2500, 1250):
        cache.mset(dict.fromkeys(names[begin : begin + 1250], "v"))
    assert cache.exists(*names, names[0]) == 2501
    assert sorted(cache.keys("key-*")) == sorted(name.encode() for name in names)
    assert cache.delete(*names) == 2500
    assert cache.keys() == []


def test_a_lock_has_one_holder(cache: Cache[bytes]) -> None:
    mine, other = cache.lock("job", timeout=30), cache.lock("job", timeout=30, blocking=False)
    with mine:
        assert mine.owned()
        assert other.acquire() is False
    assert other.acquire() is True
    cache.delete("job")
    with pytest.raises(CacheError, match="does not hold the lock 'job'"):
        other.release()
