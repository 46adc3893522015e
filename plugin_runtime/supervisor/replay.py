"""The replay: what two releases of a plugin say about the same messages.

The messages are those that people posted last. Both releases are asked as filters; neither
answer touches anything. Handlers run for real, so what they do besides answering happens, too.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connections

from plexichat.chat import queries as chat
from plugin_runtime.conversations.conversation import Conversation, Stale
from plugin_runtime.exceptions import CallError

from .sandbox import Sandbox

#: As many as tell something, and as few as a person waits for.
MESSAGES = 200
#: For all of them together.
SECONDS = 60.0
#: For one answer.
DEADLINE_MS = 1000
NAMED_DIFFERENCES = 20
MESSAGE_SENT = "message_sent"
NO_ANSWER = "no answer"


@dataclass
class Comparison:
    """How the answers differ, in numbers and some examples."""

    asked: int = 0
    old_errors: int = 0
    new_errors: int = 0
    different: int = 0
    #: What became what, how often: `{"allow → block": 3}`.
    changes: Counter[str] = field(default_factory=Counter)
    examples: list[dict[str, str]] = field(default_factory=list)

    @property
    def is_worse(self) -> bool:
        """Whether the new release fails to answer more often than the old one."""
        return self.new_errors > self.old_errors

    def add(self, message_id: str, old: str, new: str) -> None:
        """Count one message."""
        self.asked += 1
        self.old_errors += old == NO_ANSWER
        self.new_errors += new == NO_ANSWER
        if old == new:
            return
        self.different += 1
        self.changes[f"{old} → {new}"] += 1
        if len(self.examples) < NAMED_DIFFERENCES:
            self.examples.append({"message_id": message_id, "old": old, "new": new})

    def as_json(self) -> dict[str, Any]:
        """For the upgrade's report."""
        return {
            "asked": self.asked,
            "different": self.different,
            "old_errors": self.old_errors,
            "new_errors": self.new_errors,
            "changes": dict(self.changes),
            "examples": self.examples,
        }


async def compare(old: Sandbox, new: Sandbox) -> Comparison:
    """Ask both about the last messages; nothing is asked when either is no filter."""
    found = Comparison()
    if MESSAGE_SENT not in old.hooks or MESSAGE_SENT not in new.hooks:
        return found
    messages = await asyncio.to_thread(_recent)
    both = (
        Conversation(old.plugin, await old.introduce()),
        Conversation(new.plugin, await new.introduce()),
    )
    try:
        await asyncio.to_thread(_ask_about, messages, both, found)
    finally:
        for conversation in both:
            conversation.close()
    return found


def _recent() -> list[dict[str, Any]]:
    try:
        return chat.recent_messages(limit=MESSAGES)
    finally:
        connections.close_all()


def _ask_about(
    messages: Sequence[dict[str, Any]], both: tuple[Conversation, Conversation], found: Comparison
) -> None:
    until = time.monotonic() + SECONDS
    for message in messages:
        if time.monotonic() > until:
            return
        old, new = (_verdict(conversation, message) for conversation in both)
        found.add(str(message["message_id"]), old, new)


def _verdict(conversation: Conversation, message: dict[str, Any]) -> str:
    try:
        answer = conversation.call(
            "filter", MESSAGE_SENT, message, DEADLINE_MS, 0, time.monotonic()
        )
    except (CallError, Stale):
        return NO_ANSWER
    known = isinstance(answer, list) and answer and answer[0] in ("allow", "replace", "block")
    return str(answer[0]) if known else NO_ANSWER
