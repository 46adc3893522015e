"""Questions of `encrypt_data` and `decrypt_data`: a key for each plugin, which never leaves us."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plexichat_plugin_sdk._wire import codes
from plugins_registry import crypto
from plugins_registry.exceptions import TokenRefused

from .asking import Asker
from .refusal import Refusal, text

#: Of what is encrypted at once, in bytes; its token must fit into one question.
MOST_BYTES = 128 * 1024
#: What was given is remembered inside the token, as its first byte.
_TEXT, _BYTES = b"t", b"b"


def _encrypt(asker: Asker, arguments: Mapping[str, Any]) -> str:
    kind, data = _taken(arguments.get("data"))
    if len(data) > MOST_BYTES:
        raise Refusal(
            codes.INVALID,
            f"{len(data)} bytes cannot be encrypted at once, only {MOST_BYTES}; cut them into "
            "pieces and encrypt each",
        )
    return crypto.encrypt(_purpose(asker), kind + data)


def _decrypt(asker: Asker, arguments: Mapping[str, Any]) -> str | bytes:
    try:
        content = crypto.decrypt(_purpose(asker), text(arguments, "token"))
    except TokenRefused as refused:
        raise Refusal(codes.INVALID, str(refused), key_id=refused.key_id) from None
    data = content[1:]
    return data.decode() if content[:1] == _TEXT else data


def _taken(data: Any) -> tuple[bytes, bytes]:
    if isinstance(data, str):
        return _TEXT, data.encode()
    if isinstance(data, bytes):
        return _BYTES, data
    raise Refusal(codes.INVALID, f"'data' must be text or bytes, got {type(data).__name__}")


def _purpose(asker: Asker) -> str:
    return f"data of {asker.plugin}"


QUESTIONS = {"crypto.encrypt": _encrypt, "crypto.decrypt": _decrypt}
