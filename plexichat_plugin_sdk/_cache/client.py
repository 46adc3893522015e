"""The client: all commands, what goes over many keys, and a sentence for what is not offered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn, cast

from plexichat_plugin_sdk import _host
from plexichat_plugin_sdk.exceptions import ValidationError

from .commands import MOST_ARGUMENTS, Reply
from .families import AllCommands
from .locks import Lock
from .pipeline import Pipeline, not_offered
from .values import Storable, Text, converted, encoded, text

#: Keys that are deleted or counted with one question; a question has 256 KiB.
_KEYS_AT_ONCE = 1000
_BYTES_AT_ONCE = 128 * 1024


class Cache(AllCommands[Text]):
    """The plugin's own cache; `plexichat_plugin_sdk.cache.get_cache_client` returns one.

    It holds nothing and may be shared by threads.
    """

    def __init__(self, *, decode_responses: bool = False) -> None:
        self._decode = decode_responses

    def __repr__(self) -> str:
        return f"<the plugin's cache, decode_responses={self._decode}>"

    def __getattr__(self, name: str) -> NoReturn:
        # Also reached for private names, which `copy` and `pickle` look for.
        if name.startswith("_"):
            raise AttributeError(name)
        raise not_offered(name)

    def ping(self) -> bool:
        """Return `True`; raise `HostError` when the cache is away."""
        self._do("EXISTS", b"ping")
        return True

    def delete(self, *names: Storable) -> int:
        """Delete keys, however many; return how many of them were there."""
        return sum(self._do("DEL", *some) for some in _portions(names))

    def exists(self, *names: Storable) -> int:
        """Return how many of these keys are there; one named twice counts twice."""
        return sum(self._do("EXISTS", *some) for some in _portions(names))

    def keys(self, pattern: Storable = "*") -> list[Text]:
        """Return all keys that match; `*`, `?`, `[abc]`, `[^a]`, `[a-z]` and `\\` as in Redis."""
        return list(dict.fromkeys(self.scan_iter(pattern)))

    def scan_iter(self, match: Storable | None = None, count: int | None = None) -> Iterator[Text]:
        """Yield the keys that match, in no order; `count` is a hint and may be left out.

        A key that is there all the while comes at least once; one that comes or goes meanwhile
        may come or not.
        """
        pattern = b"*" if match is None else encoded(match)
        cursor: Any = None
        while True:
            cursor, found = _host.ask("cache.scan", match=pattern, cursor=cursor)
            yield from (cast("Text", text(key, self._decode)) for key in found)
            if cursor is None:
                return

    def pipeline(self, transaction: bool = True) -> Pipeline:
        """Gather commands and send them as one question; see `Pipeline`."""
        return Pipeline(decode=self._decode, transaction=transaction)

    def lock(
        self,
        name: str,
        timeout: float | None = None,
        sleep: float = 0.1,
        blocking: bool = True,
        blocking_timeout: float | None = None,
    ) -> Lock:
        """Return a lock that one holder at a time has, on all servers; see `Lock`.

        It lets go by itself `timeout` seconds after it was taken; `None`, never, which a crash
        turns into a lock that nobody can take. Whoever waits looks every `sleep` seconds, for
        `blocking_timeout` seconds at most.
        """
        return Lock(
            Cache[bytes](),
            name,
            timeout=timeout,
            sleep=sleep,
            blocking=blocking,
            blocking_timeout=blocking_timeout,
        )

    def _send(self, name: str, arguments: list[bytes], reply: Reply) -> Any:
        if len(arguments) > MOST_ARGUMENTS:
            raise ValidationError(
                f"one command may have {MOST_ARGUMENTS} arguments, this has {len(arguments)}; "
                "send it in parts"
            )
        raw = _host.ask("cache.do", command=name, args=arguments)
        return converted(reply, raw, self._decode)


def _portions(names: tuple[Storable, ...]) -> Iterator[list[bytes]]:
    if not names:
        raise ValidationError("name at least one key")
    words = [encoded(name) for name in names]
    portion: list[bytes] = []
    size = 0
    for word in words:
        if portion and (len(portion) == _KEYS_AT_ONCE or size + len(word) > _BYTES_AT_ONCE):
            yield portion
            portion, size = [], 0
        portion.append(word)
        size += len(word)
    yield portion
