"""What any database takes: PostgreSQL refuses NUL and halves of surrogate pairs."""

from __future__ import annotations

import json
import re
from typing import Any

_REFUSED = re.compile("[\0\ud800-\udfff]")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def stored_text(text: str, characters: int) -> str:
    """The text without what is refused, its end kept: it says what matters."""
    return _REFUSED.sub(_REPLACEMENT, text)[-characters:]


def stored_json(value: Any) -> Any:
    """The JSON value without what is refused; raises ValueError or TypeError for what is no JSON.

    NaN is no JSON: one in a payload would end the transaction of the fact it belongs to.
    """
    written = json.dumps(value, allow_nan=False)
    # Most have neither, and need no second walk. Escapes are lower case as Python writes them.
    return _replaced(value) if "\\u0000" in written or "\\ud" in written else value


def _replaced(value: Any) -> Any:
    if isinstance(value, str):
        return _REFUSED.sub(_REPLACEMENT, value)
    if isinstance(value, dict):
        return {_replaced(key): _replaced(item) for key, item in value.items()}
    return [_replaced(item) for item in value] if isinstance(value, list | tuple) else value
