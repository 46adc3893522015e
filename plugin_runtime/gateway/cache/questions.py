"""The questions about the cache, and which store answers them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from plexichat_plugin_sdk._answers.cache import patterns
from plexichat_plugin_sdk._answers.cache.calls import Store, check_key, checked, checked_batch
from plexichat_plugin_sdk._wire import codes
from plugin_runtime.conf import conf
from plugin_runtime.gateway.refusal import Refusal

from .embedded.store import EmbeddedStore
from .redis_store import RedisStore


class Line(Protocol):
    """What is needed of an `Asker`."""

    plugin: str

    def keeping(self, kind: type[Any]) -> Any:
        """Return what the line keeps of a kind."""

    def keep(self, thing: Any) -> None:
        """Keep one thing of its kind."""


def store_of(plugin: str) -> Store:
    """Return a new store for a plugin's keys: in Redis where there is one."""
    return RedisStore(plugin) if conf.redis_url else EmbeddedStore(plugin)


def _kept(line: Line) -> Store:
    store: Store | None = line.keeping(RedisStore if conf.redis_url else EmbeddedStore)
    if store is None:
        store = store_of(line.plugin)
        line.keep(store)
    return store


def _do(line: Line, arguments: Mapping[str, Any]) -> Any:
    return _kept(line).do(checked(arguments.get("command"), arguments.get("args")))


def _batch(line: Line, arguments: Mapping[str, Any]) -> list[Any]:
    calls = checked_batch(arguments.get("commands"))
    replies = _kept(line).batch(calls) if calls else []
    return [
        {"refused": [each.code, str(each), each.details]} if isinstance(each, Refusal) else each
        for each in replies
    ]


def _scan(line: Line, arguments: Mapping[str, Any]) -> list[Any]:
    pattern = arguments.get("match")
    if type(pattern) is not bytes:
        raise Refusal(codes.INVALID, "'match' must be bytes")
    check_key(pattern, "a pattern")
    matches = patterns.compiled(pattern).match
    cursor, keys = _kept(line).scan(arguments.get("cursor"))
    return [cursor, [key for key in keys if matches(key)]]


QUESTIONS: dict[str, Callable[[Any, Mapping[str, Any]], Any]] = {
    "cache.do": _do,
    "cache.batch": _batch,
    "cache.scan": _scan,
}
