"""Parameters as they arrive: plain values, moments, and `[kind, text]` for the rest."""

from __future__ import annotations

import datetime
import decimal
import uuid
from collections.abc import Callable
from typing import Any

from plexichat_plugin_sdk._answers.refusal import Refusal
from plexichat_plugin_sdk._wire import codes

_DIRECT = frozenset({type(None), bool, int, float, str, bytes, datetime.datetime})
_READERS: dict[str, Callable[[str], Any]] = {
    "date": datetime.date.fromisoformat,
    "time": datetime.time.fromisoformat,
    "decimal": decimal.Decimal,
    "uuid": uuid.UUID,
}


def parameters(given: Any) -> Any:
    """Return a question's list or mapping of parameters, or None; raise `Refusal`."""
    if given is None:
        return None
    if isinstance(given, list):
        return [value if type(value) in _DIRECT else _read(value) for value in given]
    if isinstance(given, dict):
        return {
            name: value if type(value) in _DIRECT else _read(value) for name, value in given.items()
        }
    raise Refusal(codes.INVALID, "'parameters' must be a list or a mapping")


def _read(value: Any) -> Any:
    match value:
        case [str(kind), str(text)] if kind in _READERS:
            try:
                return _READERS[kind](text)
            except (ValueError, ArithmeticError) as error:
                raise Refusal(codes.INVALID, f"{text[:40]!r} is no {kind}") from error
    raise Refusal(codes.INVALID, f"a {type(value).__name__} is no value for a database")
