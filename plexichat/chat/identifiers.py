"""Public ids: the opaque names by which users, channels and messages are known outside."""

from __future__ import annotations

import re
import secrets

PUBLIC_ID_BYTES = 12
#: Room for a longer scheme one day without rewriting the columns.
PUBLIC_ID_LENGTH = 32
#: What a public id may look like; anything else names nothing and need not be looked up.
PUBLIC_ID_PATTERN = "[0-9A-Za-z_-]{1,32}"


def new_public_id() -> str:
    """Return a fresh public id: 24 hex digits, 96 random bits.

    Drawn before the row exists, because filters see a message's id first. Hex rather than
    base64, so that an id is safe in a path, a layer group, a file name and a command line.
    """
    return secrets.token_hex(PUBLIC_ID_BYTES)


def is_public_id(value: object) -> bool:
    """Say whether a value could be a public id at all."""
    return isinstance(value, str) and re.fullmatch(PUBLIC_ID_PATTERN, value) is not None
