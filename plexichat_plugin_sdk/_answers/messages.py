"""What a filter's answer does to a message, and what it may not touch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

#: Who wrote what, where and when is the chat's to say; a filter's other values are ignored.
IDENTITY_KEYS = ("message_id", "user_id", "channel_id", "timestamp")
CHANGEABLE_KEYS = frozenset({"content", "message_type", "metadata"})
_FIXED_KEYS = frozenset(IDENTITY_KEYS) | {"is_edit"}


class BadAnswer(Exception):
    """A filter's answer that cannot be used; the message says what is wrong with it."""


Complain = Callable[[str, str], None]


def merged(message: dict[str, Any], clean: dict[str, Any], complain: Complain) -> dict[str, Any]:
    """Return the message with a filter's changes applied; `clean` is JSON.

    Content, type and metadata are taken over. Keys nobody knows are kept in the metadata and
    stay visible at the top for the plugins asked later. A changed identity key is ignored, and
    `complain(key, text)` is told. Raises `BadAnswer` when the metadata is no dict.
    """
    result = dict(message)
    metadata = _metadata_of(clean, message)
    for key, value in clean.items():
        if key in CHANGEABLE_KEYS:
            result[key] = value
        elif key in _FIXED_KEYS:
            _refuse_identity(key, value, message, complain)
        else:
            result[key] = metadata[key] = value
    result["metadata"] = metadata
    return result


def _metadata_of(clean: dict[str, Any], message: dict[str, Any]) -> dict[str, Any]:
    metadata = clean.get("metadata", message["metadata"])
    if not isinstance(metadata, dict):
        raise BadAnswer(f"'metadata' is {type(metadata).__name__}; expected a dict")
    return dict(metadata)


def _refuse_identity(key: str, value: Any, message: dict[str, Any], complain: Complain) -> None:
    if value != message.get(key):
        complain(
            f"identity:{key}",
            f"its filter tried to change {key!r}, which was ignored; "
            f"only {', '.join(sorted(CHANGEABLE_KEYS))} may change",
        )
