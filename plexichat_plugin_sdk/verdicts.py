"""Verdicts: the explicit answers of a `message_sent` handler.

A handler may also return a changed message, or raise `MessageBlocked`. What a returned `None`
means is decided by its return annotation, see `hook`; these two are never ambiguous.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Allow:
    """Let the message pass as it came."""


@dataclass(frozen=True, slots=True)
class Block:
    """Refuse the message."""

    #: Shown to the person who wrote the message; may be empty.
    reason: str = ""
