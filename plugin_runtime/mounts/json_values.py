"""JSON on both ways between users and plugins, strict enough for the wire in between."""

from __future__ import annotations

import re
from typing import Any

import msgspec

#: Only a number this long can exceed 64 bits, which is what the wire carries.
_LONG_NUMBER = re.compile(rb"\d{19}")


class NotJson(ValueError):
    """Not JSON, or JSON that cannot travel; the message is fit for whoever sent it."""


def decode(raw: bytes) -> Any:
    """Return the value of a user's JSON. No NaN, no lone surrogates, numbers within 64 bits."""
    try:
        value = msgspec.json.decode(raw)
        if _LONG_NUMBER.search(raw):
            msgspec.msgpack.encode(value)
    except RecursionError as error:
        raise NotJson("The JSON is nested too deeply.") from error
    except (OverflowError, msgspec.ValidationError) as error:
        raise NotJson("A number in the JSON does not fit into 64 bits.") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NotJson(f"Not valid JSON: {error}.") from error
    return value


def encode(value: Any) -> bytes:
    """Return a plugin's value as JSON; NaN and the infinities become null."""
    try:
        return msgspec.json.encode(value)
    except (TypeError, ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise NotJson(f"Not a JSON value: {error}.") from error
