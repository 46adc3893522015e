"""Events: what a handler may know about the event it is handling, beside the data.

Events are delivered at least once: a plugin that died half-way through one is told it again.
`event_id` is the same each time, so a handler whose work must not be done twice remembers the
identifiers it has seen.
"""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Event:
    """The event that is being handled."""

    #: The same at each attempt, and for all receivers of one `message_received`.
    event_id: str
    #: The hook's name.
    hook: str
    #: When the fact happened, not when it was delivered: ISO 8601, UTC.
    occurred_at: str
    #: 1 at the first delivery, counting up.
    attempt: int
    #: The member for whom `message_received` is told; empty for all other hooks.
    receiver_id: str = ""


#: The event and how many emitted events led to it; tasks and `asyncio.to_thread` inherit it.
_handling: contextvars.ContextVar[tuple[Event, int] | None] = contextvars.ContextVar(
    "handled_event", default=None
)

#: How deep what a filter causes lies, when the message it is asked about is itself an answer.
_caused: contextvars.ContextVar[int] = contextvars.ContextVar("caused_depth", default=0)


def current_event() -> Event | None:
    """Return the event that the calling handler was called for.

    `None` outside of an event's handler: in filters, endpoints and sockets, and in threads that
    the plugin itself has started.
    """
    handling = _handling.get()
    return None if handling is None else handling[0]


def next_depth() -> int:
    """Return how deep what is emitted or said here lies: 0, or one more than what it answers."""
    handling = _handling.get()
    return _caused.get() if handling is None else handling[1] + 1


@contextlib.contextmanager
def caused_at(depth: int) -> Iterator[None]:
    """Let what is emitted or said inside the block lie so deep."""
    token = _caused.set(depth)
    try:
        yield
    finally:
        _caused.reset(token)


@contextlib.contextmanager
def handling(event: Event, depth: int) -> Iterator[None]:
    """Make this the current event for the length of a block, in this thread or task."""
    token = _handling.set((event, depth))
    try:
        yield
    finally:
        _handling.reset(token)
