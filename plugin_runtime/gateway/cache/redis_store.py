"""One plugin's keys in Redis.

Names begin with the plugin's own prefix, which the host adds to every key and takes off again;
the plugin never sees it and cannot leave it out. Reading commands go to Redis as they are, and
so does nothing else: whatever writes, or answers much, goes through `script`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

from redis.exceptions import NoScriptError, RedisError, ResponseError

from plexichat_plugin_sdk._answers.cache import refusals
from plexichat_plugin_sdk._answers.cache.calls import Call
from plexichat_plugin_sdk._cache.commands import Keys, Room
from plugin_runtime.conf import conf
from plugin_runtime.gateway.pace import Pace
from plugin_runtime.gateway.refusal import Refusal

from .room import ANSWER_BYTES, ELEMENT_BYTES, KEY_BYTES, room
from .script import SCRIPT
from .server import server_at

logger = logging.getLogger(__name__)

#: What a command may take without being charged: the way there and back, also on a busy machine.
_FREE_SECONDS = 0.005
_KEYS_PER_SCAN = 500
#: Arguments a command of the script begins with.
_OURS = {
    "PLXKEYS": lambda: refusals.too_many_keys(room().keys),
    "PLXBYTES": lambda: refusals.too_many_bytes(room().bytes),
    "PLXVALUE": lambda: refusals.too_large(room().value_bytes),
    "PLXANSWER": lambda: refusals.too_much_at_once(ANSWER_BYTES),
}
#: Their replies come from the script as text, since Lua's numbers are too small for them.
_EXACT = frozenset({"INCRBY", "DECRBY", "HINCRBY"})


_lock = threading.Lock()
_paces: dict[str, Pace] = {}


def _pace_of(plugin: str) -> Pace:
    with _lock:
        return _paces.setdefault(plugin, Pace())


class RedisStore:
    """One plugin's corner of the Redis."""

    def __init__(self, plugin: str) -> None:
        self._server = server_at(conf.redis_url)
        self._pace = _pace_of(plugin)
        # Braces: a cluster keeps all of a plugin's keys on one node, where scripts reach them.
        corner = f"plexichat:plugin-cache:{{{plugin}}}:".encode()
        self._prefix = corner + b"k:"
        self._account = [corner + b"sizes", corner + b"deadlines", corner + b"total"]

    def do(self, call: Call) -> Any:
        """Carry out one command."""
        if call.command.room is Room.NONE:
            return self._told(call, self._ask(call.command.name, *self._prefixed(call)))
        (reply,) = self.batch([call])
        if isinstance(reply, Refusal):
            raise reply
        return reply

    def batch(self, calls: Sequence[Call]) -> list[Any]:
        """Carry out many in one script, between whose commands nobody else's come."""
        words = [word for call in calls for word in self._described(call)]
        replies = self._run(words)
        return [
            _refusal(reply) if isinstance(reply, RedisError) else self._told(call, reply)
            for call, reply in zip(calls, replies, strict=True)
        ]

    def scan(self, cursor: Any) -> tuple[Any, list[bytes]]:
        """Return some keys from the plugin's account: nobody else's are looked through."""
        place = cursor if type(cursor) is int and 0 <= cursor < 2**64 else 0
        now = _milliseconds(self._ask("TIME"))
        following, fields = self._ask("HSCAN", self._account[0], place, "COUNT", _KEYS_PER_SCAN)
        due = self._ask("ZRANGEBYSCORE", self._account[1], "-inf", now)
        expired = set(due)
        found = [key for key in fields[::2] if key not in expired]
        return int(following) or None, found

    def used(self) -> tuple[int, int]:
        """Return how many keys there are, and the bytes that they are counted as."""
        now = _milliseconds(self._ask("TIME"))
        due = self._ask("ZCOUNT", self._account[1], "-inf", now)
        keys = self._ask("HLEN", self._account[0]) - due
        return keys, int(self._ask("GET", self._account[2]) or 0)

    def purge(self) -> None:
        """Remove every key, in portions, the account last."""
        cursor: Any = None
        while True:
            cursor, keys = self.scan(cursor)
            if keys:
                self._ask("DEL", *(self._prefix + key for key in keys))
            if cursor is None:
                break
        self._ask("DEL", *self._account)

    def close(self) -> None:
        """Nothing is held between commands."""

    def _prefixed(self, call: Call) -> list[bytes]:
        words = call.arguments.copy()
        for place in call.key_places():
            words[place] = self._prefix + words[place]
        return words

    def _described(self, call: Call) -> Iterator[bytes | str | int]:
        """Yield a command as the script reads it."""
        command, words = call.command, self._prefixed(call)
        step = 2 if command.keys is Keys.PAIRS else 1
        yield from (str(command.room), command.family, len(call.key_places()), step, len(words))
        yield command.name
        yield from words

    def _run(self, words: list[bytes | str | int]) -> list[Any]:
        allowed = room()
        most = (allowed.keys, allowed.bytes, allowed.value_bytes, ANSWER_BYTES)
        given = (*self._account, self._prefix, *most, KEY_BYTES, ELEMENT_BYTES, *words)
        server = self._server
        try:
            if server.digest:
                return list(self._ask("EVALSHA", server.digest, 3, *given))
        except NoScriptError:
            pass  # it was restarted, or is another one
        server.digest = self._ask("SCRIPT LOAD", SCRIPT).decode()
        return list(self._ask("EVALSHA", server.digest, 3, *given))

    def _ask(self, *words: bytes | str | int) -> Any:
        """Send one command and return the reply; raise `Refusal`, and `NoScriptError`."""
        began = time.monotonic()
        try:
            return self._server.ask(words)
        except NoScriptError:
            raise
        except ResponseError as error:
            raise _refusal(error) from error
        finally:
            self._charge(time.monotonic() - began)

    def _charge(self, seconds: float) -> None:
        """Let who keeps the shared Redis busy wait, as `Pace` does for our own processor."""
        if seconds > _FREE_SECONDS and (wait := self._pace.charge(seconds - _FREE_SECONDS)):
            time.sleep(wait)  # whole: many lines that wait less together would keep it busy

    def _told(self, call: Call, reply: Any) -> Any:
        return int(reply) if call.command.name in _EXACT else reply


def _refusal(error: RedisError) -> Refusal:
    said = str(error)
    word = said.removeprefix("ERR ").split(" ")[0]
    if ours := _OURS.get(word):
        return ours()
    if refusal := refusals.translated(said):
        return refusal
    logger.error("the Redis of the plugins' cache refused a command: %s", said)
    return refusals.away()


def _milliseconds(clock: list[bytes]) -> int:
    return int(clock[0]) * 1000 + int(clock[1]) // 1000
