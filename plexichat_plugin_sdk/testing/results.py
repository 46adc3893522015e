"""Results: what became of a hook in a test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, kw_only=True)
class HookResult:
    """What a plugin's handlers made of one hook."""

    #: A filter answers `allow`, `replace` or `block`; an event is `told`; `failed`: it raised.
    verdict: Literal["allow", "replace", "block", "told", "failed"]
    #: A filter's message as it goes on: with what the plugin may change changed. For an event,
    #: its data.
    message: dict[str, Any]
    #: Of a block, shown to the person who wrote the message.
    reason: str = ""
    #: What a handler raised.
    error: BaseException | None = None
    #: What an admin would be told: identity keys that a filter tried to change.
    problems: tuple[str, ...] = ()

    @property
    def allowed(self) -> bool:
        """Whether the message is stored."""
        return self.verdict != "block"

    @property
    def blocked(self) -> bool:
        """Whether the message is refused."""
        return self.verdict == "block"
