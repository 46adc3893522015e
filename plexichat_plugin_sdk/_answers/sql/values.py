"""Python values as SQLite keeps them, so that texts of moments compare as moments do."""

from __future__ import annotations

import datetime
import decimal
import uuid
from collections.abc import Sequence
from typing import Any

_AS_THEY_ARE = frozenset({type(None), int, float, str, bytes})


def stored(values: Sequence[Any]) -> list[Any]:
    """Return parameters as SQLite takes them."""
    return [value if type(value) in _AS_THEY_ARE else _stored(value) for value in values]


def moment(value: datetime.datetime) -> str:
    """Return a moment the way the chat's own tables keep theirs: UTC, without saying so."""
    return str(value.astimezone(datetime.UTC).replace(tzinfo=None))


def _stored(value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, datetime.datetime):
        return moment(value)
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, decimal.Decimal | uuid.UUID):
        return str(value)
    return value
