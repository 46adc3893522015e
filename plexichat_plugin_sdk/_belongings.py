"""What a call has borrowed and must not keep: closed when its handler has returned.

A handler that forgets a database connection, or raises past it, would hold it for as long as the
process lives. Whoever hands such a thing out names its closing here.
"""

from __future__ import annotations

import contextvars
import logging
from collections.abc import Callable

Closing = Callable[[], None]

#: The closings of the call at hand; tasks and `asyncio.to_thread` inherit it, threads that the
#: plugin starts itself do not.
_ours: contextvars.ContextVar[list[Closing] | None] = contextvars.ContextVar(
    "belongings", default=None
)


def begin() -> list[Closing]:
    """Start gathering for the calls of this thread; return the list that `end` empties."""
    closings: list[Closing] = []
    _ours.set(closings)
    return closings


def current() -> list[Closing] | None:
    """Return the list of the call at hand; `None` outside of calls."""
    return _ours.get()


def inherit(closings: list[Closing] | None) -> None:
    """Let this task or thread work for the call whose list this is."""
    _ours.set(closings)


def at_end_of_call(closing: Closing) -> bool:
    """Run `closing` when the handler has returned; False outside of calls, where nothing ends.

    It must be harmless when it is run after what it closes was closed already.
    """
    closings = _ours.get()
    if closings is None:
        return False
    closings.append(closing)
    return True


def end(closings: list[Closing]) -> None:
    """Close everything, the newest first; none of it can fail the call."""
    while closings:
        try:
            closings.pop()()
        except Exception:  # a wall: the answer of the call is decided, the others must be closed
            logging.getLogger("plugin").exception("what a call had borrowed could not be closed")
