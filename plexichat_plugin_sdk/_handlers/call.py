"""A call: one handler that somebody asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol


class Call(Protocol):
    """What is needed of a call; the wire's own record has it."""

    @property
    def target(self) -> str:
        """The hook's or job's name, or `"METHOD /path/{template}"`; empty for events."""

    @property
    def payload(self) -> Any:
        """What the handler is called with, in the form of the wire."""

    @property
    def deadline_ms(self) -> int:
        """For how long the caller waits; 0 means as long as it takes."""

    @property
    def depth(self) -> int:
        """How deep whatever the handler causes lies."""


@dataclass(frozen=True, kw_only=True)
class PlainCall:
    """A call that travels nowhere; see `Call`."""

    target: str
    payload: Any = None
    deadline_ms: int = 0
    depth: int = 0
