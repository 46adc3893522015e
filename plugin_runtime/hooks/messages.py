"""A filter's answer made into the message that the next one is asked about."""

from __future__ import annotations

from typing import Any

import msgspec

from plexichat.chat import events
from plexichat_plugin_sdk._answers.messages import (
    CHANGEABLE_KEYS,
    IDENTITY_KEYS,
    BadAnswer,
    Complain,
    merged,
)

__all__ = ["CHANGEABLE_KEYS", "IDENTITY_KEYS", "BadAnswer", "Complain", "merge"]


def merge(message: dict[str, Any], replacement: Any, complain: Complain) -> dict[str, Any]:
    """Return the message with a filter's changes applied, see `merged`.

    Raises `BadAnswer` when the replacement is no message, or none that can be stored.
    """
    if not isinstance(replacement, dict):
        raise BadAnswer(f"returned {type(replacement).__name__} instead of the message dict")
    result = merged(message, _as_json(replacement), complain)
    _check(result)
    return result


def _as_json(replacement: dict[Any, Any]) -> dict[str, Any]:
    """Reduce MessagePack's wider world to JSON: what is stored must be JSON."""
    try:
        clean = msgspec.json.decode(msgspec.json.encode(replacement))
    except (TypeError, ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise BadAnswer("returned a message that is not JSON") from error
    if not isinstance(clean, dict):
        raise BadAnswer("returned a message that is not JSON")
    return clean


def _check(merged: dict[str, Any]) -> None:
    problems = events.problems(merged)
    if problems:
        named = "; ".join(f"{key!r}: {' '.join(texts)}" for key, texts in problems.items())
        raise BadAnswer(f"returned a message that cannot be stored: {named}")
