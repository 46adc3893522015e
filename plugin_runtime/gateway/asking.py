"""Who asks: decided by the line a question came in on, before its first byte."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

logger = logging.getLogger(__name__)


class Kept(Protocol):
    """Something that lives as long as a line: a database connection."""

    def close(self) -> None:
        """End it; harmless when it has ended."""


Thing = TypeVar("Thing", bound=Kept)


class Asker:
    """One line's plugin and release, and what the gateway keeps for the line.

    Used by the line's own thread only, so nothing here is locked.
    """

    def __init__(self, plugin: str, release: str) -> None:
        self.plugin = plugin
        self.release = release
        self._kept: dict[type[Any], Any] = {}

    def keeping(self, kind: type[Thing]) -> Thing | None:
        """Return what this line keeps of a kind."""
        return self._kept.get(kind)

    def keep(self, thing: Kept) -> None:
        """Keep one thing of its kind; it is closed with the line."""
        self._kept[type(thing)] = thing

    def drop(self, kind: type[Kept]) -> None:
        """Close what this line keeps of a kind, if it does."""
        thing = self._kept.pop(kind, None)
        if thing is not None:
            thing.close()

    def end(self) -> None:
        """Close everything; the line is gone."""
        for thing in list(self._kept.values()):
            _close(thing.close)
        self._kept.clear()


@dataclass(frozen=True)
class Handed:
    """An answer that a file descriptor goes with; the line sends a copy and closes it."""

    result: Any
    descriptor: int


def _close(close: Callable[[], None]) -> None:
    try:
        close()
    except Exception:  # a wall: whatever fails to end must not keep the others from it
        logger.exception("what a line kept could not be ended")
