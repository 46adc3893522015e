"""Encryption at rest: authenticated tokens that only their purpose opens. A door.

A token is text: `plx1.KEYID.BASE64`. It is AES-256-GCM with a random nonce, under a key that is
derived for its purpose, so a token of one purpose is noise to every other. Version and key id
stand in front, authenticated, where tokens of old keys can be counted without being opened.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from plugins_registry import keys
from plugins_registry.exceptions import TokenRefused


class TokenCounter(Protocol):
    """Counts tokens where plugins keep their own: whoever stores for them offers one."""

    def count_texts(self, plugin: str, prefix: str) -> int:
        """How many texts of a plugin begin like this; 0 for a plugin that stores nothing."""


#: Those who can count, put here at start-up.
counters: list[TokenCounter] = []

VERSION = "plx1"
NONCE_BYTES = 12
TAG_BYTES = 16


def encrypt(purpose: str, data: bytes) -> str:
    """A token for the data, a third longer and 60 characters more. It never comes out twice."""
    key_id = keys.key_ids()[0]
    head = prefix(key_id)
    nonce = secrets.token_bytes(NONCE_BYTES)
    sealed = nonce + _cipher(purpose, key_id).encrypt(nonce, data, head.encode())
    return head + _as_text(sealed)


def decrypt(purpose: str, token: str) -> bytes:
    """What was encrypted for this purpose; raises `TokenRefused` for anything else."""
    key_id, sealed = _taken_apart(token)
    if key_id not in keys.key_ids():
        raise TokenRefused(
            f"the token was encrypted with the key {key_id}, which is not among "
            f"PLEXICHAT_ENCRYPTION_KEYS: {', '.join(keys.key_ids())}",
            key_id=key_id,
        )
    nonce, body = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    try:
        return _cipher(purpose, key_id).decrypt(nonce, body, prefix(key_id).encode())
    except InvalidTag:
        raise TokenRefused(
            "the token is damaged, forged, or was encrypted by somebody else", key_id=key_id
        ) from None


def prefix(key_id: str) -> str:
    """How every token of a key begins."""
    return f"{VERSION}.{key_id}."


def key_id_of(token: str) -> str:
    """The id of the key of a token; raises `TokenRefused` for what is no token."""
    return _taken_apart(token)[0]


def _taken_apart(token: str) -> tuple[str, bytes]:
    version, _, rest = token.partition(".")
    key_id, _, body = rest.partition(".")
    try:
        sealed = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        sealed = b""
    is_token = version == VERSION and len(key_id) == keys.ID_CHARACTERS
    # Base64 has several spellings of the same bytes; one token shall not have two.
    is_whole = len(sealed) >= NONCE_BYTES + TAG_BYTES and _as_text(sealed) == body
    if not (is_token and is_whole):
        raise TokenRefused("this is no token that was encrypted here, or it was cut off")
    return key_id, sealed


def _as_text(sealed: bytes) -> str:
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def _cipher(purpose: str, key_id: str) -> AESGCM:
    return AESGCM(keys.derive(f"encrypt {purpose}", key_id=key_id))
