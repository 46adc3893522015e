"""The one place where sockets cross from the event loop into threads.

A small pool of its own: a filter may take a second, and neither the loop's default executor nor
asgiref's single shared thread should wait for it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, wraps
from typing import ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from django.db import close_old_connections

from plexichat.chat.conf import chat_settings

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def in_thread(
    function: Callable[Parameters, Result],
) -> Callable[Parameters, Awaitable[Result]]:
    """Return a function that runs `function` in a pool thread, with fresh database connections."""

    @wraps(function)
    def tidily(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        close_old_connections()
        try:
            return function(*args, **kwargs)
        finally:
            close_old_connections()

    return sync_to_async(tidily, thread_sensitive=False, executor=_pool())


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(chat_settings.live_threads, thread_name_prefix="plexichat-live")
