"""The plugin's own cache, with the names, arguments and replies of redis-py.

Keys, values and their expiry belong to this plugin alone; two plugins may use the same names.
What a cache holds may be gone at any time: keep what must stay in the database.
"""

from __future__ import annotations

from typing import Literal, overload

from ._cache.client import Cache
from ._cache.locks import Lock
from ._cache.pipeline import Pipeline
from .exceptions import CacheError

__all__ = ["Cache", "CacheError", "Lock", "Pipeline", "get_cache_client"]


@overload
def get_cache_client(*, decode_responses: Literal[False] = False) -> Cache[bytes]: ...
@overload
def get_cache_client(*, decode_responses: Literal[True]) -> Cache[str]: ...


def get_cache_client(*, decode_responses: bool = False) -> Cache[bytes] | Cache[str]:
    """Return the plugin's cache.

    Values come back as `bytes`, as they do from redis-py; with `decode_responses` as `str`.
    Its methods raise `CacheError` when a key holds something else than the command is for,
    `LimitReached` when the cache is full, and `HostError` when it is away for the moment.
    """
    return Cache[str](decode_responses=True) if decode_responses else Cache[bytes]()
