"""Signatures of packages: who vouches for exactly these files.

`envelope` reads and checks the signed text, `verifying` compares it with a package's files. Keys
and people are rows (`plugins_registry.models.publisher`); nothing here asks the database.
"""

from __future__ import annotations

from plugins_registry.signing.envelope import (
    SIGNATURE_FILE,
    BadEnvelope,
    Envelope,
    PublicKey,
    key_id_of,
    read_public_key,
)
from plugins_registry.signing.verifying import Signed, verify

__all__ = [
    "SIGNATURE_FILE",
    "BadEnvelope",
    "Envelope",
    "PublicKey",
    "Signed",
    "key_id_of",
    "read_public_key",
    "verify",
]
