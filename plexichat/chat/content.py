"""What a message may consist of.

Clients' words and what filters make of them pass through here, so that everything stored fits
every database, every JSON parser and the wire to plugins.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from plexichat.chat.conf import chat_settings
from plexichat.chat.exceptions import Invalid

#: Deeper JSON is refused: every reader down the line would have to cope with it.
METADATA_DEPTH = 16
#: What 64 bits hold; a larger number crosses neither MessagePack nor most clients.
INTEGERS = range(-(2**63), 2**64)
#: NUL (PostgreSQL stores none) and lone surrogates (no encoding has them).
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
MESSAGE_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,31}")


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What a message says, before or after its filters."""

    #: The words, as typed.
    content: str
    #: `text`, `file`…: one word of letters, digits, `_`, `.` and `-`.
    message_type: str = "text"
    #: A JSON object.
    metadata: dict[str, Any]


def check(draft: Draft) -> Draft:
    """Return the draft when it may be stored; raises `Invalid` with all its problems."""
    problems = {
        "content": _content_problem(draft.content),
        "message_type": _type_problem(draft.message_type),
        "metadata": _metadata_problem(draft.metadata),
    }
    if any(problems.values()):
        raise Invalid({field: [problem] for field, problem in problems.items() if problem})
    return draft


def _content_problem(content: Any) -> str:
    if not isinstance(content, str):
        return "Must be a text."
    if not content.strip():
        return "Must not be empty."
    limit = chat_settings.message_characters
    if len(content) > limit:
        return f"Has {len(content)} characters; at most {limit} may be sent."
    return "Must not contain NUL or lone surrogates." if UNSTORABLE.search(content) else ""


def _type_problem(message_type: Any) -> str:
    if isinstance(message_type, str) and MESSAGE_TYPE.fullmatch(message_type):
        return ""
    return "Must be one word of at most 32 letters, digits, '_', '.' or '-', like 'text'."


def _metadata_problem(metadata: Any) -> str:
    if not isinstance(metadata, dict):
        return "Must be a JSON object."
    if problem := _json_problem(metadata, depth=1):
        return problem
    size = len(json.dumps(metadata, ensure_ascii=False).encode())
    if size > chat_settings.metadata_bytes:
        return f"Has {size} bytes of JSON; at most {chat_settings.metadata_bytes} may be sent."
    return ""


def _json_problem(value: Any, *, depth: int) -> str:
    """Say what keeps a value from being plain, storable JSON; empty when nothing does."""
    if depth > METADATA_DEPTH:
        return f"Is nested more than {METADATA_DEPTH} deep."
    if isinstance(value, dict):
        parts = [part for pair in value.items() for part in pair]
        if not all(isinstance(key, str) for key in value):
            return "Has a key that is not a text."
        return _first_problem(parts, depth=depth + 1)
    if isinstance(value, list | tuple):
        return _first_problem(list(value), depth=depth + 1)
    return _scalar_problem(value)


def _first_problem(parts: list[Any], *, depth: int) -> str:
    return next((found for part in parts if (found := _json_problem(part, depth=depth))), "")


def _scalar_problem(value: Any) -> str:
    if isinstance(value, str):
        return "Must not contain NUL or lone surrogates." if UNSTORABLE.search(value) else ""
    if isinstance(value, float):
        return "" if value - value == 0 else "Must not contain NaN or infinity."
    if isinstance(value, bool | None):
        return ""
    if isinstance(value, int):
        return "" if value in INTEGERS else "Must not contain integers of more than 64 bits."
    return f"Must be plain JSON, but contains a {type(value).__name__}."
