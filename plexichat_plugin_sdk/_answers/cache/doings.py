"""All commands together: what each does, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import hashes, keys, lists, sets, sorted_sets, strings

#: Each command, as a function of the keys and its arguments; it returns the wire's reply.
DOINGS: dict[str, Callable[..., Any]] = {
    **strings.COMMANDS,
    **keys.COMMANDS,
    **hashes.COMMANDS,
    **lists.COMMANDS,
    **sets.COMMANDS,
    **sorted_sets.COMMANDS,
}


def size_of_reply(reply: Any) -> int:
    """Return how many bytes a reply takes in an answer."""
    if isinstance(reply, bytes):
        return len(reply)
    return sum(size_of_reply(each) + 8 for each in reply) if isinstance(reply, list) else 8
