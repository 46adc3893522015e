"""The Redis of the plugins' caches: its connections in this process, and whether it answers.

redis-py speaks the wire. Its pool is left out, and with it a third of what a short command costs
here: a connection that was used a moment ago is used again without asking whether it still is one.
"""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Sequence
from typing import Any

from redis import ConnectionPool
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError
from redis.retry import Retry

from plexichat_plugin_sdk._answers.cache import refusals

logger = logging.getLogger(__name__)

#: A Redis that takes longer counts as away.
_CONNECT_SECONDS = 0.8
_ANSWER_SECONDS = 1.0
#: After a failure nobody waits for it again for so long.
_REST_SECONDS = 0.5
#: A connection that rested longer is looked at before it is used.
_FRESH_SECONDS = 1.0
#: Of its methods redis-py types only some.
_Connection = Any


class Server:
    """One Redis; safe for threads."""

    def __init__(self, url: str) -> None:
        # Read for what the address says only; it makes no connection.
        pool = ConnectionPool.from_url(
            url,
            protocol=2,  # the wire's replies as `commands.Reply` knows them, whatever the version
            socket_timeout=_ANSWER_SECONDS,
            socket_connect_timeout=_CONNECT_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        self._kind = pool.connection_class
        self._options = pool.connection_kwargs
        # One for each line that was ever busy at the same time, and lines are limited.
        self._idle: list[tuple[float, _Connection]] = []
        self._resting_until = 0.0
        #: Of the script, once this Redis knows it.
        self.digest = ""

    def ask(self, words: Sequence[bytes | str | int]) -> Any:
        """Send one command and return the reply.

        Raises what it answers as an error, and `Refusal` when it does not answer.
        """
        if time.monotonic() < self._resting_until:
            raise refusals.away()
        connection: _Connection | None = None
        try:
            connection = self._taken()
            connection.send_command(*words)
            reply = connection.read_response()
        except ResponseError:
            raise
        except (RedisError, OSError) as error:
            self._resting_until = time.monotonic() + _REST_SECONDS
            logger.warning("the Redis of the plugins' caches is away: %s", error)
            raise refusals.away() from error
        finally:
            if connection is not None and connection.is_connected:
                self._idle.append((time.monotonic(), connection))
        return reply

    def _taken(self) -> _Connection:
        while self._idle:
            try:
                since, connection = self._idle.pop()
            except IndexError:  # another thread was quicker
                break
            if time.monotonic() - since < _FRESH_SECONDS or _is_alive(connection):
                return connection
            connection.disconnect()
        connection = self._kind(**self._options)
        connection.connect()
        return connection


def _is_alive(connection: _Connection) -> bool:
    """Whether nothing waits to be read; an end would, and so would an answer nobody took."""
    try:
        return not bool(connection.can_read())
    except (RedisError, OSError):
        return False


@functools.lru_cache(maxsize=4)
def server_at(url: str) -> Server:
    """Return this process's server of an address."""
    return Server(url)
