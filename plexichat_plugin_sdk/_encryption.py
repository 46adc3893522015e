"""Encryption of a plugin's data: the key stays with the host, which does the work."""

from __future__ import annotations

from . import _host
from .exceptions import ValidationError


def encrypt_data(data: str | bytes) -> str:
    """Encrypt with the plugin's own key and return a text, a third longer, that only it can open.

    Takes text or bytes, 128 KiB at most at once. The same data gives another token each time, so
    tokens cannot be compared or searched for. Raises `ValidationError` for anything else.
    """
    if not isinstance(data, str | bytes | bytearray | memoryview):
        raise ValidationError(
            f"encrypt_data() takes text or bytes, not {type(data).__name__}; turn it into text "
            "first, for example with json.dumps()"
        )
    if isinstance(data, str):
        _refuse_half_characters(data)
    plain = data if isinstance(data, str) else bytes(data)
    return str(_host.ask("crypto.encrypt", data=plain))


def decrypt_data(token: str) -> str | bytes:
    """Return what `encrypt_data` was given: text as text, bytes as bytes.

    A token that is damaged, forged, another plugin's, or whose key the server has dropped raises
    `PluginError`.
    """
    if isinstance(token, bytes | bytearray):
        # What some databases return for a text column of bytes.
        token = bytes(token).decode("ascii", "replace")
    if not isinstance(token, str):
        raise ValidationError(
            f"decrypt_data() takes a token, which is text, not {type(token).__name__}"
        )
    answer = _host.ask("crypto.decrypt", token=token)
    return answer if isinstance(answer, bytes) else str(answer)


def _refuse_half_characters(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValidationError(
            "encrypt_data() cannot take half of a surrogate pair; give bytes instead"
        ) from None
