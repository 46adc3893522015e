"""The keys of one plugin, as the commands see them; each host keeps them its own way."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from .room import ELEMENT_BYTES


class Kind(StrEnum):
    """What a key may hold, as `TYPE` answers it."""

    STRING = "string"
    HASH = "hash"
    LIST = "list"
    #: Kept as a dict without values: it remembers the order of the members.
    SET = "set"
    ZSET = "zset"


@dataclass(slots=True)
class Entry:
    """What a key holds; commands change `value` and hand it back to `Entries.put`."""

    kind: Kind
    value: Any
    #: Milliseconds since 1970; `None` when it does not expire.
    expires: int | None


class Entries(Protocol):
    """The keys of one plugin. All methods that write raise `Refusal` where there is no room."""

    def now(self) -> int:
        """The time, in milliseconds since 1970."""

    def find(self, key: bytes) -> Entry | None:
        """Return what a key holds, whatever it is; `None` when there is nothing."""

    def value(self, key: bytes, kind: Kind) -> Any:
        """Return the value of a kind; `None` when there is nothing. Raises `Refusal`."""

    def put(self, key: bytes, kind: Kind, value: Any, *, expires: int | None = None) -> None:
        """Let a key hold a value; an empty hash, list or set takes the key away."""

    def change(self, key: bytes, kind: Kind, value: Any) -> None:
        """Let a key hold a value and expire when it would have before."""

    def expire(self, key: bytes, expires: int | None) -> None:
        """Set when a key expires; one that lies in the past takes the key away."""

    def remove(self, key: bytes) -> bool:
        """Take a key away; return whether it was there."""


def size_of(kind: Kind, value: Any) -> int:
    """Return the room that a value takes."""
    match kind:
        case Kind.STRING:
            return len(value)
        case Kind.HASH:
            contents = sum(len(field) + len(each) for field, each in value.items())
        case _:
            contents = sum(len(each) for each in value)
    return contents + ELEMENT_BYTES * len(value)
