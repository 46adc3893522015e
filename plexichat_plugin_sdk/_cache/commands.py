"""The table of cache commands: what is offered, and what of it the host must know.

Both sides read it. The SDK takes the shape of each reply from it; the host takes which arguments
are keys (to put them into the plugin's own corner), how many there may be, and how a command
changes the room that its keys take.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Keys(StrEnum):
    """Which arguments are keys."""

    FIRST = "first"
    ALL = "all"
    #: Every other one, beginning with the first; the ones between are their values.
    PAIRS = "pairs"


class Reply(StrEnum):
    """What a command answers, as redis-py returns it."""

    #: `bytes`, or `None`.
    VALUE = "value"
    #: `int`, or `None`.
    NUMBER = "number"
    #: `float`, or `None`.
    FLOAT = "float"
    #: `True`, or `None` when a condition kept it from happening.
    DONE = "done"
    #: `bool`.
    FLAG = "flag"
    #: A `list`, or `None`.
    LIST = "list"
    #: A `set`.
    SET = "set"
    #: A `dict`.
    DICT = "dict"
    #: A `list` of tuples: a member and its score.
    SCORED = "scored"


class Room(StrEnum):
    """How a command changes the room that its keys take; the host counts it this way."""

    #: It reads only.
    NONE = "none"
    #: It reads, and what it answers may be larger than any one value.
    MANY = "many"
    #: It replaces strings.
    STRING = "string"
    #: It makes a string longer.
    EXTENDS = "extends"
    #: It adds or changes fields of a hash, members of a set or of a sorted set.
    ELEMENTS = "elements"
    #: It removes the named ones of these.
    FEWER = "fewer"
    #: It adds to a list.
    PUSH = "push"
    #: It removes what it answers.
    POP = "pop"
    #: It removes one value from a list, as often as it answers.
    LREM = "lrem"
    #: It removes both ends of a list.
    LTRIM = "ltrim"
    #: It removes the members of a range of scores.
    ZREMRANGE = "zremrange"
    #: It removes whole keys, or changes when they expire.
    KEY = "key"


@dataclass(frozen=True, kw_only=True)
class Command:
    """One command of the cache's wire."""

    #: As Redis calls it.
    name: str
    #: What it works on: `string`, `hash`, `list`, `set`, `zset`, or `key` for all of them.
    family: str
    #: How many arguments there are at least, and at most (0: as many as a question may have).
    least: int
    most: int
    reply: Reply
    room: Room = Room.NONE
    keys: Keys = Keys.FIRST

    @property
    def writes(self) -> bool:
        """Whether it may change anything."""
        return self.room not in (Room.NONE, Room.MANY)


#: Commands whose first argument is the key: name, least and most arguments, reply, room.
_OF_ONE_KEY: dict[str, tuple[tuple[str, int, int, Reply, Room], ...]] = {
    "string": (
        ("GET", 1, 1, Reply.VALUE, Room.NONE),
        ("SET", 2, 8, Reply.DONE, Room.STRING),
        ("SETNX", 2, 2, Reply.FLAG, Room.STRING),
        ("GETSET", 2, 2, Reply.VALUE, Room.STRING),
        ("GETDEL", 1, 1, Reply.VALUE, Room.KEY),
        ("APPEND", 2, 2, Reply.NUMBER, Room.EXTENDS),
        ("STRLEN", 1, 1, Reply.NUMBER, Room.NONE),
        ("INCRBY", 2, 2, Reply.NUMBER, Room.EXTENDS),
        ("DECRBY", 2, 2, Reply.NUMBER, Room.EXTENDS),
        ("INCRBYFLOAT", 2, 2, Reply.FLOAT, Room.EXTENDS),
    ),
    "key": (
        ("EXPIRE", 2, 3, Reply.FLAG, Room.KEY),
        ("PEXPIRE", 2, 3, Reply.FLAG, Room.KEY),
        ("TTL", 1, 1, Reply.NUMBER, Room.NONE),
        ("PTTL", 1, 1, Reply.NUMBER, Room.NONE),
        ("PERSIST", 1, 1, Reply.FLAG, Room.KEY),
        ("TYPE", 1, 1, Reply.VALUE, Room.NONE),
        # The SDK's own: deletes a key that holds this value; a lock lets go with it.
        ("DELEQ", 2, 2, Reply.FLAG, Room.KEY),
    ),
    "hash": (
        ("HGET", 2, 2, Reply.VALUE, Room.NONE),
        ("HSET", 3, 0, Reply.NUMBER, Room.ELEMENTS),
        ("HSETNX", 3, 3, Reply.NUMBER, Room.ELEMENTS),
        ("HMGET", 2, 0, Reply.LIST, Room.MANY),
        ("HGETALL", 1, 1, Reply.DICT, Room.NONE),
        ("HDEL", 2, 0, Reply.NUMBER, Room.FEWER),
        ("HEXISTS", 2, 2, Reply.FLAG, Room.NONE),
        ("HKEYS", 1, 1, Reply.LIST, Room.NONE),
        ("HVALS", 1, 1, Reply.LIST, Room.NONE),
        ("HLEN", 1, 1, Reply.NUMBER, Room.NONE),
        ("HINCRBY", 3, 3, Reply.NUMBER, Room.ELEMENTS),
    ),
    "list": (
        ("LPUSH", 2, 0, Reply.NUMBER, Room.PUSH),
        ("RPUSH", 2, 0, Reply.NUMBER, Room.PUSH),
        ("LPOP", 1, 2, Reply.VALUE, Room.POP),
        ("RPOP", 1, 2, Reply.VALUE, Room.POP),
        ("LLEN", 1, 1, Reply.NUMBER, Room.NONE),
        ("LRANGE", 3, 3, Reply.LIST, Room.NONE),
        ("LINDEX", 2, 2, Reply.VALUE, Room.NONE),
        ("LTRIM", 3, 3, Reply.DONE, Room.LTRIM),
        ("LREM", 3, 3, Reply.NUMBER, Room.LREM),
    ),
    "set": (
        ("SADD", 2, 0, Reply.NUMBER, Room.ELEMENTS),
        ("SREM", 2, 0, Reply.NUMBER, Room.FEWER),
        ("SMEMBERS", 1, 1, Reply.SET, Room.NONE),
        ("SISMEMBER", 2, 2, Reply.NUMBER, Room.NONE),
        ("SCARD", 1, 1, Reply.NUMBER, Room.NONE),
        ("SPOP", 1, 2, Reply.VALUE, Room.POP),
    ),
    "zset": (
        ("ZADD", 3, 0, Reply.NUMBER, Room.ELEMENTS),
        ("ZREM", 2, 0, Reply.NUMBER, Room.FEWER),
        ("ZSCORE", 2, 2, Reply.FLOAT, Room.NONE),
        ("ZINCRBY", 3, 3, Reply.FLOAT, Room.ELEMENTS),
        ("ZRANGE", 3, 4, Reply.LIST, Room.NONE),
        ("ZREVRANGE", 3, 4, Reply.LIST, Room.NONE),
        ("ZRANGEBYSCORE", 3, 7, Reply.LIST, Room.NONE),
        ("ZREVRANGEBYSCORE", 3, 7, Reply.LIST, Room.NONE),
        ("ZCARD", 1, 1, Reply.NUMBER, Room.NONE),
        ("ZCOUNT", 3, 3, Reply.NUMBER, Room.NONE),
        ("ZRANK", 2, 2, Reply.NUMBER, Room.NONE),
        ("ZREVRANK", 2, 2, Reply.NUMBER, Room.NONE),
        ("ZREMRANGEBYSCORE", 3, 3, Reply.NUMBER, Room.ZREMRANGE),
    ),
}
_OF_MANY_KEYS = (
    Command(
        name="MGET",
        family="string",
        least=1,
        most=0,
        reply=Reply.LIST,
        room=Room.MANY,
        keys=Keys.ALL,
    ),
    Command(
        name="MSET",
        family="string",
        least=2,
        most=0,
        reply=Reply.DONE,
        room=Room.STRING,
        keys=Keys.PAIRS,
    ),
    Command(
        name="DEL",
        family="key",
        least=1,
        most=0,
        reply=Reply.NUMBER,
        room=Room.KEY,
        keys=Keys.ALL,
    ),
    Command(name="EXISTS", family="key", least=1, most=0, reply=Reply.NUMBER, keys=Keys.ALL),
)
_COMMANDS = (
    *(
        Command(name=name, family=family, least=least, most=most, reply=reply, room=room)
        for family, rows in _OF_ONE_KEY.items()
        for name, least, most, reply, room in rows
    ),
    *_OF_MANY_KEYS,
)

#: All of them, by name.
COMMANDS: dict[str, Command] = {command.name: command for command in _COMMANDS}

#: A key or pattern has at most so many bytes.
KEY_BYTES = 1024
#: A command has at most so many arguments, a batch so many commands and so many arguments.
MOST_ARGUMENTS = 4000
MOST_COMMANDS = 200
