"""Random operations, the same ones for every client of redis-py's shape."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

Operation = tuple[str, tuple[Any, ...], dict[str, Any]]

KEYS = ["a", "b", b"\x00\xff{}", "key:*?[x]"]
STRINGS = ("set", "setnx", "setex", "strlen", "lock")
FIELDS = ["f", "g", b"\x00", "", "10"]
VALUES = ["", "1", "-7", "9223372036854775807", "1.5", "inf", " 3", "text", b"\x00\xff", 42, 2.25]
PLACES = [0, 1, 2, -1, -2, 5, -9]
SCORES = [0, 1, -1, 2.5, 1e20, 0.1, float("inf"), float("-inf")]
BOUNDS = ["-inf", "+inf", 0, 1, "(1", "(0.1", 2.5]


def operation(chance: random.Random) -> Operation:
    """Return one operation with its arguments."""
    make = chance.choice(_MAKERS)
    name, args, options = make(chance)
    # Mostly a key that holds what the operation is for.
    fitting = f"for {name[0]}" if name[0] in "hlsz" and name not in STRINGS else "for strings"
    key = fitting if chance.random() < 0.7 else chance.choice(KEYS)
    return name, (key, *args), options


def _some(chance: random.Random, things: list[Any]) -> list[Any]:
    return [chance.choice(things) for _ in range(chance.randint(1, 3))]


def _flags(chance: random.Random, *names: str) -> dict[str, bool]:
    return {name: True for name in names if chance.random() < 0.2}


def _plain(name: str, *pools: list[Any]) -> Callable[[random.Random], Operation]:
    return lambda chance: (name, tuple(chance.choice(pool) for pool in pools), {})


def _several(name: str, pool: list[Any]) -> Callable[[random.Random], Operation]:
    return lambda chance: (name, tuple(_some(chance, pool)), {})


def _set(chance: random.Random) -> Operation:
    options: dict[str, Any] = _flags(chance, "nx", "xx", "get", "keepttl")
    if "keepttl" not in options and chance.random() < 0.3:
        options |= chance.choice([{"ex": 100}, {"px": 100_000}, {"ex": 0}])
    return "set", (chance.choice(VALUES),), options


def _expire(chance: random.Random) -> Operation:
    span = chance.choice([100, 200, 10_000, -1])
    return "expire", (span,), _flags(chance, chance.choice(["nx", "xx", "gt", "lt"]))


def _hset(chance: random.Random) -> Operation:
    fields = {field: chance.choice(VALUES) for field in _some(chance, FIELDS)}
    return "hset", (), {"mapping": fields}


def _zadd(chance: random.Random) -> Operation:
    scores = {member: chance.choice(SCORES) for member in _some(chance, FIELDS)}
    options = _flags(chance, chance.choice(["nx", "xx"]), chance.choice(["gt", "lt"]), "ch")
    if len(scores) == 1:
        options |= _flags(chance, "incr")
    return "zadd", (scores,), options


def _ranged(name: str, pool: list[Any]) -> Callable[[random.Random], Operation]:
    def make(chance: random.Random) -> Operation:
        options: dict[str, Any] = _flags(chance, "withscores")
        if pool is BOUNDS and chance.random() < 0.3:
            options |= {"start": chance.choice([0, 1]), "num": chance.choice([1, 2, -1])}
        return name, (chance.choice(pool), chance.choice(pool)), options

    return make


_MAKERS: list[Callable[[random.Random], Operation]] = [
    _set,
    _set,
    _plain("get"),
    _plain("setnx", VALUES),
    _plain("getset", VALUES),
    _plain("getdel"),
    _plain("append", VALUES),
    _plain("strlen"),
    _plain("incr", [1, -5, 2**62]),
    _plain("decr", [1, 2**62]),
    _plain("incrbyfloat", [0.1, -2.5, 1e10]),
    _plain("setex", [100], VALUES),
    _several("mget", KEYS),
    _several("delete", KEYS),
    _several("exists", KEYS),
    _expire,
    _plain("ttl"),
    _plain("persist"),
    _plain("type"),
    _hset,
    _hset,
    _plain("hsetnx", FIELDS, VALUES),
    _plain("hget", FIELDS),
    _several("hmget", FIELDS),
    _plain("hgetall"),
    _several("hdel", FIELDS),
    _plain("hexists", FIELDS),
    _plain("hkeys"),
    _plain("hvals"),
    _plain("hlen"),
    _plain("hincrby", FIELDS, [1, -3, 2**62]),
    _several("lpush", VALUES),
    _several("rpush", VALUES),
    _plain("lpop"),
    _plain("rpop", [0, 1, 2]),
    _plain("llen"),
    _plain("lrange", PLACES, PLACES),
    _plain("lindex", PLACES),
    _plain("ltrim", PLACES, PLACES),
    _plain("lrem", [0, 1, -1, 2], VALUES),
    _several("sadd", FIELDS),
    _several("srem", FIELDS),
    _plain("smembers"),
    _plain("sismember", FIELDS),
    _plain("scard"),
    _plain("spop", [0, 99]),
    _zadd,
    _zadd,
    _several("zrem", FIELDS),
    _plain("zscore", FIELDS),
    _plain("zincrby", [1, -0.5], FIELDS),
    _ranged("zrange", PLACES),
    _ranged("zrevrange", PLACES),
    _ranged("zrangebyscore", BOUNDS),
    _ranged("zrevrangebyscore", BOUNDS),
    _plain("zcard"),
    _plain("zcount", BOUNDS, BOUNDS),
    _plain("zrank", FIELDS),
    _plain("zrevrank", FIELDS),
    _plain("zremrangebyscore", BOUNDS, BOUNDS),
]

#: Operations that answer in no particular order.
UNORDERED = frozenset({"hkeys", "hvals", "keys"})
