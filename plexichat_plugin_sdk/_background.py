"""Background work: a few threads beside the calls, a short queue in front of them.

It needs no host: in a test it works just so. The runner binds it, so that `async def` functions
run on the plugin's loop, failures reach the admin, and an orderly end waits for what runs.
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from . import _belongings
from .exceptions import LimitReached
from .logging import get_logger

THREADS = 4
MOST_WAITING = 64

#: Waits for a coroutine: the runner's way onto the plugin's loop.
Settle = Callable[[Any, str], Any]
#: Told of a task that raised: its name and the exception.
Report = Callable[[str, BaseException], None]
#: Told which task the calling thread works for from now on.
Begin = Callable[[str], object]


class Task:
    """One piece of background work."""

    def __init__(self, name: str, work: Callable[[], Any]) -> None:
        #: What the log calls it.
        self.name = name
        self._work = work
        self._future: Future[Any] = Future()

    def done(self) -> bool:
        """Whether it has ended: returned, raised, or was cancelled."""
        return self._future.done()

    def result(self, timeout: float | None = None) -> Any:
        """Wait for what the function returns, or raise what it raised.

        Raises `TimeoutError` when it has not ended after `timeout` seconds, and
        `concurrent.futures.CancelledError` when it was never begun.
        """
        try:
            return self._future.result(timeout)
        except TimeoutError:
            if self._future.done():
                raise
            raise TimeoutError(f"{self.name} has not ended within {timeout:g} s") from None

    def cancel(self) -> bool:
        """Keep it from being begun; False when it runs already or has ended."""
        return self._future.cancel()

    def __repr__(self) -> str:
        return f"<background {self.name}: {'ended' if self.done() else 'not ended'}>"

    def run(self, report: Report) -> None:
        """Do it, in the calling thread; never raises."""
        if not self._future.set_running_or_notify_cancel():
            return
        try:
            result = self._work()
        except BaseException as error:  # a wall: the thread serves the next task too
            report(self.name, error)
            self._future.set_exception(error)
        else:
            self._future.set_result(result)


class Workers:
    """The threads and the queue; both begin with the first task."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: deque[Task] = deque()
        self._idle = self._threads = self._busy = 0
        self._is_closing = False
        self._settle: Settle = _settled_here
        self._report: Report = _log
        self._begin: Begin = _nobody

    def bind(
        self,
        *,
        begin: Begin | None = None,
        settle: Settle | None = None,
        report: Report | None = None,
    ) -> None:
        """Say who is told of beginnings and failures, and how coroutines are waited for.

        What is not said is as it is without a host.
        """
        self._begin, self._settle, self._report = (
            begin or _nobody,
            settle or _settled_here,
            report or _log,
        )

    def start(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Task:
        """Queue a call of the function; raise `LimitReached` when too many are waiting."""
        name = f"background {getattr(function, '__qualname__', repr(function))}"
        context = contextvars.copy_context()
        task = Task(
            name, lambda: context.run(self._called, name, lambda: function(*args, **kwargs))
        )
        with self._changed:
            if self._is_closing:
                raise LimitReached("the plugin is being stopped and begins nothing new")
            if len(self._waiting) >= MOST_WAITING:
                raise LimitReached(
                    f"{MOST_WAITING} background tasks are waiting already; start fewer, or wait "
                    "for the result of some"
                )
            if self._idle <= len(self._waiting) and self._threads < THREADS:
                self._add_thread()
            self._waiting.append(task)
            self._changed.notify()
        return task

    def finish(self, seconds: float) -> bool:
        """Begin nothing any more and wait for what runs; return whether all has ended in time."""
        with self._changed:
            self._is_closing = True
            dropped = sum(task.cancel() for task in self._waiting)
            self._waiting.clear()
            ended = self._changed.wait_for(lambda: not self._busy, seconds)
        if dropped:
            get_logger().warning("%d background tasks were not begun any more", dropped)
        return ended

    def wait(self, seconds: float) -> bool:
        """Wait until nothing runs or waits; return whether that came about in time."""
        with self._changed:
            return self._changed.wait_for(lambda: not (self._busy or self._waiting), seconds)

    def _called(self, name: str, work: Callable[[], Any]) -> Any:
        self._begin(name)
        borrowed = _belongings.begin()
        try:
            result = work()
            return self._settle(result, name) if inspect.isawaitable(result) else result
        finally:
            _belongings.end(borrowed)

    def _add_thread(self) -> None:
        self._threads += 1
        thread = threading.Thread(
            target=self._serve, name=f"background-{self._threads}", daemon=True
        )
        try:
            thread.start()
        except RuntimeError as error:
            self._threads -= 1
            if not self._threads:
                raise LimitReached("the plugin has too many threads already") from error

    def _serve(self) -> None:
        while True:
            task = self._next()
            task.run(self._report)
            with self._changed:
                self._busy -= 1
                self._changed.notify_all()

    def _next(self) -> Task:
        with self._changed:
            self._idle += 1
            self._changed.wait_for(lambda: self._waiting)
            self._idle -= 1
            self._busy += 1
            return self._waiting.popleft()


async def _awaited(awaitable: Any) -> Any:
    return await awaitable


def _settled_here(awaitable: Any, _: str) -> Any:
    return asyncio.run(_awaited(awaitable))


def _nobody(_: str) -> None:
    """Where no runner is, nobody asks for whom a thread works."""


def _log(name: str, error: BaseException) -> None:
    get_logger().error("%s raised", name, exc_info=error)


#: This process's; a fork of the zygote has none of its threads yet.
workers = Workers()
