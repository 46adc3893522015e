"""The one place where sockets cross from the event loop into threads.

A small pool of its own: a filter may take a second, and neither the loop's default executor nor
asgiref's single shared thread should wait for it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import ParamSpec, TypeVar, cast

from channels.db import database_sync_to_async

from plexichat.chat.conf import chat_settings

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def in_thread(
    function: Callable[Parameters, Result],
) -> Callable[Parameters, Awaitable[Result]]:
    """Return a function that runs `function` in a pool thread, with fresh database connections."""
    crossed = database_sync_to_async(function, thread_sensitive=False, executor=_pool())
    return cast("Callable[Parameters, Awaitable[Result]]", crossed)


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(chat_settings.live_threads, thread_name_prefix="plexichat-live")
