"""The server's encryption keys, and further keys derived from them. A door.

`PLEXICHAT_ENCRYPTION_KEYS` holds one key or more: the first encrypts, all decrypt. No key leaves
the host's processes: derived ones may be used inside them, and none is ever stored or logged.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from functools import lru_cache

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.core.exceptions import ImproperlyConfigured

from plugins_registry.conf import conf

KEY_BYTES = 32
#: Characters of a key's id, which stands in every token.
ID_CHARACTERS = 8
#: Derived keys that are remembered, so that a derivation is paid once.
REMEMBERED = 4096
HOW_TO_MAKE_ONE = (
    'Make a key with: python3 -c "import base64, secrets; '
    'print(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())"'
)


class KeyRing:
    """Checked keys, the first one first. Its text never shows them."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = {_id_of(key): key for key in keys}

    def __repr__(self) -> str:
        return f"<KeyRing {', '.join(self._keys)}>"

    @property
    def ids(self) -> tuple[str, ...]:
        """The short ids, the encrypting key's first."""
        return tuple(self._keys)

    def derive(self, purpose: str, *, length: int, key_id: str) -> bytes:
        """Derive from one of the keys; raises KeyError for an id that is not among them."""
        return _derived(self._keys[key_id], f"plexichat key\0{purpose}", length)


def derive(purpose: str, *, length: int = KEY_BYTES, key_id: str = "") -> bytes:
    """A key for one purpose, the same in every process; `length` in bytes.

    From the first key, or from the one with this id (KeyError when there is none). It changes when
    the first key does: who keeps what was made with it must be able to make it anew. Raises
    ImproperlyConfigured when the server has no keys.
    """
    ring = current()
    return ring.derive(purpose, length=length, key_id=key_id or ring.ids[0])


def key_ids() -> tuple[str, ...]:
    """The short ids of all keys, the encrypting one's first. They tell nothing about the keys."""
    return current().ids


def current() -> KeyRing:
    """The server's keys; raises ImproperlyConfigured when they cannot be used."""
    return parsed(tuple(conf.ENCRYPTION_KEYS))


@lru_cache(maxsize=8)
def parsed(texts: tuple[str, ...]) -> KeyRing:
    """Check keys as an operator writes them; raises ImproperlyConfigured with every problem."""
    problems = [
        problem for at, text in enumerate(texts, start=1) if (problem := _problem(at, text, texts))
    ]
    if not texts:
        problems = ["there is no key"]
    if problems:
        raise ImproperlyConfigured(
            f"PLEXICHAT_ENCRYPTION_KEYS cannot be used: {'; '.join(problems)}. {HOW_TO_MAKE_ONE}"
        )
    return KeyRing([_decoded(text) for text in texts])


def _problem(at: int, text: str, texts: tuple[str, ...]) -> str:
    """What is wrong with the key at a place, without quoting it."""
    try:
        length = len(_decoded(text))
    except (binascii.Error, ValueError):
        return f"key {at} is not urlsafe base64"
    if length != KEY_BYTES:
        return f"key {at} has {length} bytes, expected {KEY_BYTES}"
    return f"key {at} stands there twice" if text in texts[: at - 1] else ""


def _decoded(text: str) -> bytes:
    padded = text + "=" * (-len(text) % 4)
    return base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True)


def _id_of(key: bytes) -> str:
    return _derived(key, "plexichat key id", ID_CHARACTERS // 2).hex()


@lru_cache(maxsize=REMEMBERED)
def _derived(key: bytes, info: str, length: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=None, info=info.encode()).derive(key)
