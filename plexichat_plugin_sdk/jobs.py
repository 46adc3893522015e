"""Work outside of calls: background tasks, and jobs that run again and again."""

from __future__ import annotations

import datetime
import functools
import inspect
import sys
from collections.abc import Callable
from typing import Any

from . import _schedule
from ._background import Task, workers
from ._marks import Function, JobMark, mark
from .exceptions import ValidationError

__all__ = ["Task", "background", "scheduled"]


def background(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Run a function beside the calls: `background(self.send_report, user_id)`.

    Returns a handle at once: `handle.done()`, `handle.result(timeout)`, `handle.cancel()`. Four
    tasks run at a time, further ones wait; `async def` functions run on the plugin's event loop.
    What a task raises is logged with its stack and shown to the admin. When the plugin is
    stopped, running tasks have its grace to end, and waiting ones are not begun any more.

    Where classes and modules are defined it is a decorator: each call of a function under
    `@background` runs in the background and returns the handle.

    Raises `LimitReached` when too many tasks are waiting, `ValidationError` for what cannot be
    called.
    """
    if not callable(function):
        raise ValidationError(f"background() needs a function, not {function!r:.120}")
    # Function bodies are optimized code; those of modules and classes, where one decorates, not.
    is_called = bool(sys._getframe(1).f_code.co_flags & inspect.CO_OPTIMIZED)
    if is_called or args or kwargs:
        return workers.start(function, *args, **kwargs)

    @functools.wraps(function)
    def begun(*args: Any, **kwargs: Any) -> Task:
        return workers.start(function, *args, **kwargs)

    return begun


def scheduled(
    every: float | str | datetime.timedelta | None = None,
    *,
    cron: str | None = None,
    name: str | None = None,
) -> Callable[[Function], Function]:
    """Run a method again and again: `@scheduled(every="10m")`, `@scheduled(cron="0 9 * * 1-5")`.

    `every` is a number of seconds, a `timedelta`, or a text like `"30s"`, `"10m"`, `"6h"`, `"1d"`:
    5 seconds at least. `cron` has the five fields minute, hour, day of month, month and day of
    week (0 is Sunday), in UTC; all of them must fit. `name` is what admins read, the method's own
    name if not given.

    The method takes no arguments. However many server processes there are, each run happens in
    one of them, and never two of a job at once. Runs that were missed happen once, late. A run
    that was cut off, because a process died, happens again; one that raises waits for its next
    time.

    Raises `ValidationError` for a schedule that makes no sense.
    """
    schedule = _schedule.read(every, cron, name)

    def decorate(function: Function) -> Function:
        return mark(function, jobs=(JobMark(name or "", schedule.every_seconds, schedule.cron),))

    return decorate
