"""Tokens of a test: what comes in comes out, and nothing else does.

They look like a server's and protect nothing: the key lies in this file.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import Any

from plexichat_plugin_sdk._answers.refusal import Refusal, text
from plexichat_plugin_sdk._wire import codes

MOST_BYTES = 128 * 1024
_HEAD = "plx1.tests000."
_DIGEST_BYTES = 16
_NONCE_BYTES = 12


def encrypt(plugin: str, arguments: Mapping[str, Any]) -> str:
    """Return a token for text or bytes; another one each time."""
    data = arguments.get("data")
    if not isinstance(data, str | bytes):
        raise Refusal(codes.INVALID, f"'data' must be text or bytes, got {type(data).__name__}")
    plain = b"t" + data.encode() if isinstance(data, str) else b"b" + data
    if len(plain) > MOST_BYTES + 1:
        raise Refusal(
            codes.INVALID,
            f"{len(plain) - 1} bytes cannot be encrypted at once, only {MOST_BYTES}; cut them into "
            "pieces and encrypt each",
        )
    body = secrets.token_bytes(_NONCE_BYTES) + plain[::-1]
    return _HEAD + _as_text(body + _digest(plugin, body))


def decrypt(plugin: str, arguments: Mapping[str, Any]) -> str | bytes:
    """Return what a token was made of; raise `Refusal` for one that is no token of the plugin's."""
    token = text(arguments, "token")
    try:
        raw = token.removeprefix(_HEAD) if token.startswith(_HEAD) else "!"
        sealed = base64.b64decode(raw + "=" * (-len(raw) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        sealed = b""
    # Base64 has several spellings of the same bytes; one token shall not have two.
    if len(sealed) < _NONCE_BYTES + _DIGEST_BYTES or _as_text(sealed) != raw:
        raise Refusal(codes.INVALID, "this is no token that was encrypted here, or it was cut off")
    body, digest = sealed[:-_DIGEST_BYTES], sealed[-_DIGEST_BYTES:]
    if not hmac.compare_digest(digest, _digest(plugin, body)):
        raise Refusal(
            codes.INVALID, "the token is damaged, forged, or was encrypted by somebody else"
        )
    plain = body[_NONCE_BYTES:][::-1]
    return plain[1:].decode() if plain[:1] == b"t" else plain[1:]


def _as_text(sealed: bytes) -> str:
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def _digest(plugin: str, body: bytes) -> bytes:
    return hmac.digest(f"data of {plugin}".encode(), body, hashlib.sha256)[:_DIGEST_BYTES]
