"""The signature file of a package: a DSSE envelope, Ed25519, over the SHA-256 of every file.

Servers read the same format; the payload's type is signed with it, so that a signature made for
anything else can never pass for one of these.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from . import keys
from .failure import Failure
from .packing import SIGNATURE_FILE, Package

PAYLOAD_TYPE = "application/vnd.plexichat.release+json"


def signature_of(package: Package, key: Ed25519PrivateKey) -> bytes:
    """Return the contents of the signature file."""
    statement = {
        "plugin": package.name,
        "version": package.version,
        "files": package.signed_files,
    }
    payload = json.dumps(statement, separators=(",", ":"), sort_keys=True).encode()
    signature = key.sign(_authenticated(payload))
    envelope = {
        "payloadType": PAYLOAD_TYPE,
        "payload": base64.b64encode(payload).decode(),
        "signatures": [
            {
                "keyid": keys.id_of(key.public_key()),
                "sig": base64.b64encode(signature).decode(),
            }
        ],
    }
    return json.dumps(envelope, indent=1).encode()


def signer_of(package: Package) -> str:
    """Return the id of the key that a package says has signed exactly its files."""
    envelope = _envelope(package)
    statement = json.loads(base64.b64decode(envelope["payload"]))
    expected = (package.name, package.version, package.signed_files)
    if (statement["plugin"], statement["version"], statement["files"]) != expected:
        raise Failure("its files are not those that were signed; sign it anew")
    return str(envelope["signatures"][0]["keyid"])


def is_signed_by(package: Package, key: Ed25519PublicKey) -> bool:
    """Whether this key has signed it."""
    envelope, key_id = _envelope(package), keys.id_of(key)
    payload = base64.b64decode(envelope["payload"])
    for each in envelope["signatures"]:
        if each["keyid"] == key_id:
            try:
                key.verify(base64.b64decode(each["sig"]), _authenticated(payload))
            except InvalidSignature:
                continue
            return True
    return False


def _envelope(package: Package) -> dict[str, Any]:
    if SIGNATURE_FILE not in package.files:
        raise Failure("it is not signed; sign it: plexichat-plugin sign FOLDER --key FILE")
    try:
        envelope = json.loads(package.files[SIGNATURE_FILE])
        statement = json.loads(base64.b64decode(envelope["payload"], validate=True))
        sound = envelope["payloadType"] == PAYLOAD_TYPE and statement.keys() >= {
            *("plugin", "version", "files")
        }
        sound = sound and all({"keyid", "sig"} <= each.keys() for each in envelope["signatures"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        sound = False
    if not sound or not envelope["signatures"]:
        raise Failure(f"its {SIGNATURE_FILE} cannot be read; sign it anew")
    return dict(envelope)


def _authenticated(payload: bytes) -> bytes:
    kind = PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
