"""How much room a plugin's cache has, and how contents are counted: the same in both stores.

It is about what Redis needs for it, rounded so that it can be told from the contents alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from plugin_runtime.conf import conf

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


def room() -> Room:
    """Return what the settings allow."""
    return Room(conf.cache_keys, conf.cache_bytes, conf.cache_value_bytes)


def bytes_of_key(key: bytes) -> int:
    """Return what a key costs while it is empty."""
    return KEY_BYTES + 2 * len(key)
