"""Who speaks in this thread: a plugin through its bot, or nobody of ours.

A plugin neither filters nor hears what its own bot says, and what it says in answer to something
lies one deeper than that. The chat knows nothing of either, so both wait here, in the thread that
posts the message, for the filters and the recorder to look at.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

#: An answer to an answer to an answer …; plugins that answer each other stop here.
DEPTH_LIMIT = 8


@dataclass(frozen=True)
class Speaker:
    """A plugin that is just saying something."""

    plugin: str
    #: How many messages or events led to it, each caused by a plugin.
    depth: int


#: What a person says, and what the server itself does.
NOBODY = Speaker("", 0)

_speaking: ContextVar[Speaker] = ContextVar("speaking", default=NOBODY)

#: Return who speaks in this thread; `NOBODY` unless a plugin does.
current = _speaking.get


@contextmanager
def speaking(plugin: str, *, depth: int) -> Iterator[None]:
    """Let a plugin speak for the length of a block."""
    token = _speaking.set(Speaker(plugin, depth))
    try:
        yield
    finally:
        _speaking.reset(token)


def next_depth() -> int:
    """Return how deep an answer to what is just being said lies: 0 to what a person says."""
    speaker = _speaking.get()
    return speaker.depth + 1 if speaker.plugin else 0
