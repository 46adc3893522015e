"""What clients may send over the live socket, read and checked for shape."""

from __future__ import annotations

import json
from typing import Any

from plexichat.chat.conf import chat_settings
from plexichat.chat.exceptions import Invalid
from plexichat.chat.identifiers import is_public_id

#: What `send` may name, besides its type; the first two it must.
NEEDED = ("channel_id", "content")
FIELDS = (*NEEDED, "message_type", "metadata")


def read(text: str | None) -> dict[str, Any]:
    """Return the fields of a `send`; raises `Invalid` for anything else.

    Whether the content makes sense is asked by the service, as for every message.
    """
    frame = _parse(text)
    if frame.get("type") != "send":
        raise Invalid({"type": [f"Must be 'send', not {str(frame.get('type'))[:40]!r}."]})
    if missing := [name for name in NEEDED if name not in frame]:
        raise Invalid({name: ["This field is required."] for name in missing})
    if not is_public_id(frame["channel_id"]):
        raise Invalid({"channel_id": ["Is no channel id."]})
    return {name: frame[name] for name in FIELDS if name in frame}


def _parse(text: str | None) -> dict[str, Any]:
    limit = chat_settings.live_frame_characters
    if text is None:
        raise Invalid({"frame": ["Must be text, not bytes."]})
    if len(text) > limit:
        raise Invalid({"frame": [f"Has {len(text)} characters; at most {limit} may be sent."]})
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Invalid({"frame": ["Is not JSON."]}) from error
    if not isinstance(frame, dict):
        raise Invalid({"frame": ["Must be a JSON object."]})
    return frame
