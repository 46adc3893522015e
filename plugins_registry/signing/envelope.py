"""The signature file: a DSSE envelope around a statement that names every file.

DSSE (Dead Simple Signing Envelope, version 1.0.0 of its protocol) signs the payload's type
together with its bytes, so that a text signed for another purpose can never pass for this one.
The payload is JSON: `{"plugin", "version", "files": {path: sha256}}`, with every file of the
package but the signature itself. Signatures are Ed25519.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

SIGNATURE_FILE = "plugin.sig"
PAYLOAD_TYPE = "application/vnd.plexichat.release+json"
#: Larger than a statement about the most files that a package may have.
ENVELOPE_BYTES = 1024 * 1024
SIGNATURES = 10

PublicKey = Ed25519PublicKey


class BadEnvelope(ValueError):
    """A signature file that cannot be read; the text says why."""


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """A signature file, read and not yet believed."""

    payload: bytes
    #: Signatures by the id of the key that made them, as the file says.
    signatures: dict[str, bytes]

    def is_signed_by(self, key: PublicKey, key_id: str) -> bool:
        """Whether this key has signed this payload for this purpose."""
        try:
            key.verify(self.signatures[key_id], authenticated(self.payload))
        except (InvalidSignature, KeyError):
            return False
        return True


@dataclass(frozen=True, kw_only=True)
class Statement:
    """What a signature says: these files are that release."""

    plugin: str
    version: str
    #: SHA-256 by path.
    files: Mapping[str, str]


def authenticated(payload: bytes) -> bytes:
    """The bytes that are signed: DSSE's pre-authentication encoding of type and payload."""
    kind = PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def read_envelope(raw: bytes) -> Envelope:
    """Read a signature file; raise `BadEnvelope`."""
    if len(raw) > ENVELOPE_BYTES:
        raise BadEnvelope(f"it is larger than {ENVELOPE_BYTES} bytes")
    outer = _object(raw, "the file")
    if outer.get("payloadType") != PAYLOAD_TYPE:
        raise BadEnvelope(f"its payloadType is not {PAYLOAD_TYPE!r}; sign the package anew")
    listed = outer.get("signatures")
    if not isinstance(listed, list) or not 0 < len(listed) <= SIGNATURES:
        raise BadEnvelope(f"it must have between 1 and {SIGNATURES} signatures")
    signatures = dict(_signature(each) for each in listed)
    return Envelope(payload=_bytes(outer.get("payload"), "payload"), signatures=signatures)


def read_statement(payload: bytes) -> Statement:
    """Read what was signed; raise `BadEnvelope`."""
    said = _object(payload, "the payload")
    files = said.get("files")
    if not (isinstance(files, dict) and all(isinstance(each, str) for each in files.values())):
        raise BadEnvelope("'files' must name the SHA-256 of each path")
    plugin, version = said.get("plugin"), said.get("version")
    if not (isinstance(plugin, str) and isinstance(version, str)):
        raise BadEnvelope("'plugin' and 'version' must be texts")
    return Statement(plugin=plugin, version=version, files=files)


def read_public_key(text: str) -> PublicKey:
    """Read a key as people pass it on: 32 bytes in base64; raise `BadEnvelope`."""
    raw = _bytes(text.strip(), "the key")
    try:
        return Ed25519PublicKey.from_public_bytes(raw)
    except ValueError as error:
        raise BadEnvelope("the key is not an Ed25519 public key of 32 bytes in base64") from error


def key_id_of(key: PublicKey) -> str:
    """Return a key's id: the first 16 hexadecimal digits of the SHA-256 of its bytes."""
    raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return hashlib.sha256(raw).hexdigest()[:16]


def _object(raw: bytes, what: str) -> dict[str, Any]:
    try:
        read = json.loads(raw, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise BadEnvelope(f"{what} is not JSON, or names something twice") from error
    if not isinstance(read, dict):
        raise BadEnvelope(f"{what} is not a JSON object")
    return read


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a key that stands twice: readers differ in which of the two they believe."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice")
    return found


def _signature(listed: Any) -> tuple[str, bytes]:
    if not isinstance(listed, dict) or not isinstance(listed.get("keyid"), str):
        raise BadEnvelope("each signature must have a 'keyid' and a 'sig'")
    return listed["keyid"], _bytes(listed.get("sig"), "sig")


def _bytes(text: Any, what: str) -> bytes:
    if not isinstance(text, str):
        raise BadEnvelope(f"{what!r} must be base64 text")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadEnvelope(f"{what!r} is not base64") from error
