"""How much room a plugin's cache has, and how contents are counted: the same in every store.

It is about what Redis needs for it, rounded so that it can be told from the contents alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from plexichat_plugin_sdk._answers.refusal import Refusal

from . import refusals

#: What a key costs besides its name and contents. The name counts twice: it is indexed.
KEY_BYTES = 200
#: What a field, member or list value costs besides its bytes.
ELEMENT_BYTES = 64
#: An answer has at most so many bytes; a frame has 8 MiB.
ANSWER_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class Room:
    """What one plugin may have."""

    keys: int
    bytes: int
    #: Of one key with its contents.
    value_bytes: int


def bytes_of_key(key: bytes) -> int:
    """Return what a key costs while it is empty."""
    return KEY_BYTES + 2 * len(key)


def over_the_limit(used: tuple[int, int], before: tuple[int, int], most: Room) -> Refusal | None:
    """Return why keys and bytes in use are too many now; `None` when they fit, or shrank."""
    if used[0] > most.keys and used[0] > before[0]:
        return refusals.too_many_keys(most.keys)
    if used[1] > most.bytes and used[1] > before[1]:
        return refusals.too_many_bytes(most.bytes)
    return None
