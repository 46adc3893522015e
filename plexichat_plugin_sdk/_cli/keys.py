"""Ed25519 keys: private ones in files that only their owner reads, public ones as text."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from .failure import Failure


def create_key(path: Path) -> Ed25519PrivateKey:
    """Make a new key in a new file; an existing one is never overwritten."""
    key = Ed25519PrivateKey.generate()
    written = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise Failure(
            f"{path} is there already; a lost key cannot be replaced, so it stays. Choose another "
            f"name"
        ) from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(written)
    return key


def read_key(path: Path) -> Ed25519PrivateKey:
    """Read a private key that `create_key` wrote."""
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except FileNotFoundError as error:
        raise Failure(f"there is no key {path}; make one: plexichat-plugin keygen") from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Failure(f"{path} holds no private key without a password") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise Failure(f"{path} holds a key of another kind; make one: plexichat-plugin keygen")
    return key


def raw(key: Ed25519PublicKey) -> bytes:
    """The 32 bytes of a public key."""
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def written(key: Ed25519PublicKey) -> str:
    """A public key as people pass it on: 32 bytes in base64."""
    return base64.b64encode(raw(key)).decode()


def read_public(text: str) -> Ed25519PublicKey:
    """Read what `written` wrote."""
    try:
        return Ed25519PublicKey.from_public_bytes(base64.b64decode(text.strip(), validate=True))
    except (binascii.Error, ValueError) as error:
        raise Failure(f"{text[:60]!r} is not a public key: 32 bytes in base64") from error


def id_of(key: Ed25519PublicKey) -> str:
    """A key's id: the first 16 hexadecimal digits of the SHA-256 of its bytes."""
    return hashlib.sha256(raw(key)).hexdigest()[:16]
