"""How much room a plugin's cache has on this server."""

from __future__ import annotations

from plexichat_plugin_sdk._answers.cache.room import (
    ANSWER_BYTES,
    ELEMENT_BYTES,
    KEY_BYTES,
    Room,
    bytes_of_key,
)
from plugin_runtime.conf import conf

__all__ = ["ANSWER_BYTES", "ELEMENT_BYTES", "KEY_BYTES", "Room", "bytes_of_key", "room"]


def room() -> Room:
    """Return what the settings allow."""
    return Room(conf.cache_keys, conf.cache_bytes, conf.cache_value_bytes)
