"""When a scheduled job runs: what `@scheduled` was told, checked and made into one record.

Here it is only read; the host computes the times, in UTC.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from typing import Any

from .exceptions import ValidationError

#: The host looks for due jobs about this often.
SHORTEST_SECONDS = 5.0
LONGEST_SECONDS = 366 * 86_400.0

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_PERIOD = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([smhdw])\s*")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,99}")
_FIELD = re.compile(r"[A-Za-z0-9*/,\-]+")


@dataclass(frozen=True)
class Schedule:
    """One of the two: a period, or a cron expression."""

    #: Seconds between two runs; 0 when `cron` says it.
    every_seconds: float
    #: Five fields; empty when `every_seconds` says it.
    cron: str


def read(every: Any, cron: Any, name: Any) -> Schedule:
    """Return the schedule of `@scheduled(every=…, cron=…, name=…)`; raise `ValidationError`."""
    if name is not None and not (isinstance(name, str) and _NAME.fullmatch(name)):
        raise ValidationError(
            f"the name of a job is made of letters, digits, '_', '.' and '-' and begins with a "
            f"letter, at most 100 characters; got {name!r:.120}"
        )
    if (every is None) == (cron is None):
        raise ValidationError(
            "@scheduled needs exactly one of every=… and cron=…, like "
            "@scheduled(every='10m') or @scheduled(cron='0 9 * * 1-5')"
        )
    if cron is not None:
        return Schedule(0.0, _cron(cron))
    return Schedule(_seconds(every), "")


def _cron(cron: Any) -> str:
    fields = cron.split() if isinstance(cron, str) else []
    if len(fields) != 5 or not all(map(_FIELD.fullmatch, fields)):
        raise ValidationError(
            "cron has five fields (minute, hour, day of month, month, day of week), like "
            f"'0 9 * * 1-5'; got {cron!r:.120}"
        )
    return " ".join(fields)


def _seconds(every: Any) -> float:
    seconds = _given_seconds(every)
    if not SHORTEST_SECONDS <= seconds <= LONGEST_SECONDS:
        raise ValidationError(
            f"every must lie between {SHORTEST_SECONDS:g} seconds and 366 days; got {every!r:.120}"
        )
    return seconds


def _given_seconds(every: Any) -> float:
    if isinstance(every, datetime.timedelta):
        return every.total_seconds()
    if isinstance(every, int | float) and not isinstance(every, bool):
        return float(every)
    found = _PERIOD.fullmatch(every) if isinstance(every, str) else None
    if found is None:
        raise ValidationError(
            "every is a number of seconds, a timedelta, or a text like '30s', '10m', '6h', '1d'; "
            f"got {every!r:.120}"
        )
    return float(found[1]) * _UNITS[found[2]]
