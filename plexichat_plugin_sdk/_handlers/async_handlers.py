"""Async handlers: the plugin's one event loop, in a thread that starts when first needed.

The calling thread waits for the coroutine's end, so an `async def` handler costs a hop of two
threads; in return any number of WebSockets may share the loop.
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import threading
from collections.abc import Awaitable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from plexichat_plugin_sdk import _belongings

#: The call a coroutine works for, for the log; threads are told apart by their ident instead.
current_call: contextvars.ContextVar[str] = contextvars.ContextVar("current_call", default="")

_SENDERS = 32  # threads in which awaited sends may wait for slow clients


class HandlerExited(RuntimeError):
    """A coroutine raised `SystemExit` or `KeyboardInterrupt`; it would end the loop for all."""


class AsyncHandlers:
    """The loop and the way onto it."""

    def __init__(self) -> None:
        self._starting = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def run(self, awaitable: Awaitable[Any], call: str = "") -> Any:
        """Wait for an awaitable on the loop; return or raise what it does."""
        borrowed = _belongings.current()
        future = asyncio.run_coroutine_threadsafe(
            _awaited(awaitable, call, borrowed), self._started()
        )
        return future.result()

    def settled(self, result: Any, call: str = "") -> Any:
        """Return a handler's result; when it must be awaited, what comes of that."""
        return self.run(result, call) if inspect.isawaitable(result) else result

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._starting:
            if self._loop is None:
                loop = asyncio.new_event_loop()
                loop.set_default_executor(ThreadPoolExecutor(_SENDERS, "async-send"))
                threading.Thread(target=_serve, args=(loop,), name="asyncio", daemon=True).start()
                self._loop = loop
            return self._loop


def is_async(handler: Any) -> bool:
    """Whether a handler is an `async def`, also under wrappers."""
    return inspect.iscoroutinefunction(inspect.unwrap(handler))


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    loop.run_forever()


async def _awaited(
    awaitable: Awaitable[Any], call: str, borrowed: list[_belongings.Closing] | None
) -> Any:
    current_call.set(call)
    _belongings.inherit(borrowed)
    try:
        return await awaitable
    except (SystemExit, KeyboardInterrupt) as error:
        raise HandlerExited(f"the handler raised {error!r}") from error
