"""What a filter's answer does to a message, and what it may not touch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from plexichat.chat import events

#: Who wrote what, where and when is the chat's to say; a filter's other values are ignored.
IDENTITY_KEYS = ("message_id", "user_id", "channel_id", "timestamp")
CHANGEABLE_KEYS = frozenset({"content", "message_type", "metadata"})
_FIXED_KEYS = frozenset(IDENTITY_KEYS) | {"is_edit"}


class BadAnswer(Exception):
    """A filter's answer that cannot be used; the message says what is wrong with it."""


Complain = Callable[[str, str], None]


def merge(message: dict[str, Any], replacement: Any, complain: Complain) -> dict[str, Any]:
    """Return the message with a filter's changes applied.

    Content, type and metadata are taken over. Keys nobody knows are kept in the metadata and
    stay visible at the top for the plugins asked later. A changed identity key is ignored, and
    `complain(key, text)` is told. Raises `BadAnswer` when the replacement is no message.
    """
    if not isinstance(replacement, dict):
        raise BadAnswer(f"returned {type(replacement).__name__} instead of the message dict")
    clean = _as_json(replacement)
    merged = dict(message)
    metadata = _metadata_of(clean, message)
    for key, value in clean.items():
        if key in CHANGEABLE_KEYS:
            merged[key] = value
        elif key in _FIXED_KEYS:
            _refuse_identity(key, value, message, complain)
        else:
            merged[key] = metadata[key] = value
    merged["metadata"] = metadata
    _check(merged)
    return merged


def _metadata_of(clean: dict[str, Any], message: dict[str, Any]) -> dict[str, Any]:
    metadata = clean.get("metadata", message["metadata"])
    if not isinstance(metadata, dict):
        raise BadAnswer(f"'metadata' is {type(metadata).__name__}; expected a dict")
    return dict(metadata)


def _as_json(replacement: dict[Any, Any]) -> dict[str, Any]:
    """Reduce MessagePack's wider world to JSON: what is stored must be JSON."""
    try:
        clean = msgspec.json.decode(msgspec.json.encode(replacement))
    except (TypeError, ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise BadAnswer("returned a message that is not JSON") from error
    if not isinstance(clean, dict):
        raise BadAnswer("returned a message that is not JSON")
    return clean


def _refuse_identity(key: str, value: Any, message: dict[str, Any], complain: Complain) -> None:
    if value != message.get(key):
        complain(
            f"identity:{key}",
            f"its filter tried to change {key!r}, which was ignored; "
            f"only {', '.join(sorted(CHANGEABLE_KEYS))} may change",
        )


def _check(merged: dict[str, Any]) -> None:
    problems = events.problems(merged)
    if problems:
        named = "; ".join(f"{key!r}: {' '.join(texts)}" for key, texts in problems.items())
        raise BadAnswer(f"returned a message that cannot be stored: {named}")
