"""What becomes of a plugin's cache when the plugin is exported or goes."""

from __future__ import annotations

import base64
import json
import zipfile
from collections.abc import Iterator
from typing import Any, Protocol

from plexichat_plugin_sdk._answers.cache.calls import Store, checked
from plugin_runtime.conf import conf

from .embedded.store import EmbeddedStore
from .redis_store import RedisStore

#: How the contents of each type are read.
_READING: dict[bytes, tuple[str, list[bytes]]] = {
    b"string": ("GET", []),
    b"hash": ("HGETALL", []),
    b"list": ("LRANGE", [b"0", b"-1"]),
    b"set": ("SMEMBERS", []),
    b"zset": ("ZRANGE", [b"0", b"-1", b"WITHSCORES"]),
}


class _Whole(Store, Protocol):
    def used(self) -> tuple[int, int]: ...

    def purge(self) -> None: ...


class CacheKeeper:
    """Keeper of the keys in a plugin's cache."""

    name = "cache"

    def summary(self, plugin: str) -> dict[str, int]:
        """How many keys there are, and the bytes that they are counted as."""
        store = _store(plugin)
        try:
            keys, size = store.used()
        finally:
            store.close()
        return {"keys": keys, "bytes": size}

    def export(self, plugin: str, archive: zipfile.ZipFile) -> None:
        """Write all keys into `cache/keys.jsonl`, one a line.

        `ttl_ms` is -1 for a key that stays. Texts are written as they are, anything else as
        `{"base64": …}`; hashes and sorted sets as lists of pairs.
        """
        store = _store(plugin)
        try:
            with archive.open(f"{self.name}/keys.jsonl", "w") as file:
                for line in _lines(store):
                    file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        finally:
            store.close()

    def purge(self, plugin: str) -> None:
        """Remove all keys."""
        store = _store(plugin)
        try:
            store.purge()
        finally:
            store.close()


def _store(plugin: str) -> _Whole:
    return RedisStore(plugin) if conf.redis_url else EmbeddedStore(plugin)


def _lines(store: Store) -> Iterator[dict[str, Any]]:
    cursor: Any = None
    seen: set[bytes] = set()
    while True:
        cursor, keys = store.scan(cursor)
        for key in keys:
            if key not in seen and (line := _line(store, key)):
                yield line
        seen.update(keys)
        if cursor is None:
            return


def _line(store: Store, key: bytes) -> dict[str, Any] | None:
    """Return what is exported of a key; `None` when it has expired meanwhile."""
    kind = store.do(checked("TYPE", [key]))
    if kind not in _READING:
        return None
    command, more = _READING[kind]
    contents = store.do(checked(command, [key, *more]))
    ttl = store.do(checked("PTTL", [key]))
    if contents is None or contents == [] or ttl == -2:
        return None
    if kind in (b"hash", b"zset"):
        contents = [list(pair) for pair in zip(contents[::2], contents[1::2], strict=True)]
    return {"key": _plain(key), "type": kind.decode(), "ttl_ms": ttl, "value": _plain(contents)}


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(each) for each in value]
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(value).decode()}
