"""Plain values: what may travel as JSON.

Two temperaments. `as_plain` is strict, for what reaches users: it turns dates, UUIDs, decimals,
enums, tuples and sets into their JSON forms and refuses anything else by name. `Shortener` is
lenient, for logs: it never fails, and whatever is too large or unknown becomes short text.
"""

from __future__ import annotations

import datetime
import decimal
import enum
import math
import uuid
from collections.abc import Mapping
from typing import Any

from .exceptions import ValidationError

_SCALARS = frozenset({str, int, bool, type(None)})
_AS_TEXT = (uuid.UUID, decimal.Decimal)
_DATES = (datetime.datetime, datetime.date, datetime.time)
_GROUPS = (list, tuple, set, frozenset)


def is_plain(value: Any) -> bool:
    """Whether a value is JSON as it stands; so quick that each answer can be looked through."""
    kind = type(value)
    if kind in _SCALARS:
        return True
    if kind is dict:
        for key, item in value.items():
            if type(key) is not str or (type(item) not in _SCALARS and not is_plain(item)):
                return False
        return True
    if kind is list:
        return all(map(is_plain, value))
    return kind is float and math.isfinite(value)


def as_plain(value: Any, where: str = "the result") -> Any:
    """Return the value as JSON; raise `ValidationError` naming the type that is none.

    A value that is JSON already is returned as it is, not copied. A structure that contains
    itself is refused as well.
    """
    try:
        return value if is_plain(value) else _converted(value, where)
    except RecursionError:
        raise ValidationError(f"{where} is nested too deeply, or contains itself") from None


def _converted(value: Any, where: str) -> Any:
    if isinstance(value, enum.Enum):
        return _converted(value.value, where)
    if isinstance(value, float):
        return _finite(float(value), where)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)  # a subclass, such as a library's own number, does not travel
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, Mapping):
        return {_key(key, where): _converted(v, f"{where}[{key!r}]") for key, v in value.items()}
    if isinstance(value, _GROUPS):
        return [_converted(item, f"{where}[{at}]") for at, item in enumerate(value)]
    if isinstance(value, _DATES):
        return value.isoformat()
    if isinstance(value, _AS_TEXT):
        return str(value)
    raise ValidationError(
        f"{where} is a {_type_name(value)}, which is no JSON value; turn it into dicts, lists, "
        "texts and numbers first"
    )


def _finite(number: float, where: str) -> float:
    if math.isfinite(number):
        return number
    raise ValidationError(f"{where} is {number}, which JSON cannot say; use None instead")


def _key(key: Any, where: str) -> str:
    if isinstance(key, enum.Enum):
        key = key.value
    if isinstance(key, str):
        return key
    if isinstance(key, int | uuid.UUID) and not isinstance(key, bool):
        return str(key)
    raise ValidationError(f"{where} has the key {key!r}; JSON keys are texts")


def _type_name(value: Any) -> str:
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


class Shortener:
    """Turns anything into JSON of bounded size, for the log.

    The budget counts characters of text and a flat price per item, so that neither one huge
    text nor a million small items can fill a queue.
    """

    PRICE_PER_ITEM = 8
    DEEPEST = 6

    def __init__(self, budget: int) -> None:
        self._left = budget

    def shorten(self, value: Any, depth: int = DEEPEST) -> Any:
        """Return the value, or as much of it as the budget allows."""
        self._left -= self.PRICE_PER_ITEM
        if self._left <= 0 or depth <= 0:
            return "…"
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int | float) and _fits_a_number(value):
            return int(value) if isinstance(value, int) else float(value)
        if isinstance(value, Mapping):
            return self._mapping(value, depth)
        if isinstance(value, _GROUPS):
            return self._items(value, depth)
        return self._text(value if isinstance(value, str) else _shown(value))

    def _text(self, text: str) -> str:
        kept = text[: max(self._left, 0)]
        self._left -= len(kept)
        # Lone surrogates cannot be written as UTF-8.
        kept = kept.encode("utf-8", "backslashreplace").decode()
        return kept if len(kept) >= len(text) else kept + "…"

    def _mapping(self, value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key, item in value.items():
            if self._left <= 0:
                break
            result[self._text(key if isinstance(key, str) else _shown(key))] = self.shorten(
                item, depth - 1
            )
        return result

    def _items(self, value: Any, depth: int) -> list[Any]:
        result: list[Any] = []
        for item in value:
            if self._left <= 0:
                break
            result.append(self.shorten(item, depth - 1))
        return result


def _fits_a_number(value: float) -> bool:
    if isinstance(value, int):
        return -(2**63) <= value < 2**64
    return math.isfinite(value)


def _shown(value: Any) -> str:
    """A readable form of anything, even of what refuses to be shown."""
    try:
        return str(value) if isinstance(value, _DATES + _AS_TEXT) else repr(value)
    except Exception:  # a wall: the author's own __repr__ may raise whatever it likes
        return f"<a {type(value).__name__} that cannot be shown>"
