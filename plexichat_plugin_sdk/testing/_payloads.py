"""Payloads: a hook's data as the server sends it, made whole where a test leaves something out."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from plexichat_plugin_sdk._catalogue import CORE_HOOKS, Key

#: Who and where hooks are about when a test does not say it.
USER_ID, CHANNEL_ID = "test_user", "test_channel"
_KNOWN = {
    "user_id": USER_ID,
    "creator_id": USER_ID,
    "username": "testuser",
    "email": "test@example.com",
    "channel_id": CHANNEL_ID,
    "channel_type": "public",
    "name": "test",
    "message_type": "text",
    "content": "hello",
}
_EMPTY: Mapping[str, Any] = {"str": "", "int": 0, "bool": False}


def completed(hook: str, data: Mapping[str, Any], now: str) -> dict[str, Any]:
    """Return a core hook's data with all keys that it always has; a custom hook's as it is."""
    known = CORE_HOOKS.get(hook)
    if known is None:
        return dict(data)
    missing = [key for key in known.keys if not key.optional and key.name not in data]
    return {**{key.name: _made(key, now) for key in missing}, **data}


def _made(key: Key, now: str) -> Any:
    if key.name in _KNOWN:
        return _KNOWN[key.name]
    if key.name == "message_id":
        return secrets.token_urlsafe(12)
    if key.name.endswith(("_time", "timestamp", "_date")):
        return now
    if key.type in ("list", "dict"):
        return [] if key.type == "list" else {}
    return _EMPTY[key.type]
