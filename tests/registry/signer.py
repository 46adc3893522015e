"""Signs packages as publishers do, and in every way they should not."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from plugins_registry.signing.envelope import PAYLOAD_TYPE, SIGNATURE_FILE, authenticated


class Signer:
    """One key and what it signs."""

    def __init__(self) -> None:
        self.private = Ed25519PrivateKey.generate()
        raw = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.public = base64.b64encode(raw).decode()
        self.key_id = hashlib.sha256(raw).hexdigest()[:16]

    def sign(self, folder: Path, *, name: str = "demo", version: str = "1.0.0") -> Path:
        """Put a signature over all files into a package folder."""
        files = {
            path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in folder.rglob("*")
            if path.is_file() and path.name != SIGNATURE_FILE
        }
        statement = {"plugin": name, "version": version, "files": files}
        (folder / SIGNATURE_FILE).write_text(json.dumps(self.envelope(statement)))
        return folder

    def envelope(self, statement: Any, **other: Any) -> dict[str, Any]:
        payload = json.dumps(statement).encode()
        signature = base64.b64encode(self.private.sign(authenticated(payload))).decode()
        return {
            "payloadType": PAYLOAD_TYPE,
            "payload": base64.b64encode(payload).decode(),
            "signatures": [{"keyid": self.key_id, "sig": signature}],
            **other,
        }


def resigned_by(folder: Path, key_id: str) -> None:
    """Claim that another key had made the signature."""
    path = folder / SIGNATURE_FILE
    envelope = json.loads(path.read_text())
    envelope["signatures"][0]["keyid"] = key_id
    path.write_text(json.dumps(envelope))
