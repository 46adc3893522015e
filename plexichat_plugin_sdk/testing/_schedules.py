"""When scheduled jobs run while the clock is turned: as on the server, in UTC."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator

from plexichat_plugin_sdk.exceptions import ValidationError

_MINUTE = datetime.timedelta(minutes=1)
#: The 29th of February of one weekday comes again after forty years at most.
_LONGEST = datetime.timedelta(days=41 * 366)
#: First and last value of each field of a cron text.
_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
#: The names that stand for numbers in some fields.
_NAMES: dict[int, dict[str, int]] = {
    3: {name: at for at, name in enumerate(_MONTHS, 1)},
    4: {name: at for at, name in enumerate(_WEEKDAYS)},
}
_PART = re.compile(r"(?:(\*)|(\w+)(?:-(\w+))?)(?:/(\d+))?")


def next_after(
    moment: datetime.datetime, *, every_seconds: float, cron: str, due: datetime.datetime
) -> datetime.datetime:
    """Return the first time after `moment`; periods count from `due`."""
    if cron:
        return _next_of_cron(cron, moment)
    period = datetime.timedelta(seconds=every_seconds)
    missed = max(0, (moment - due) // period)
    return due + period * (missed + 1)


def _next_of_cron(cron: str, moment: datetime.datetime) -> datetime.datetime:
    minutes, hours, days, months, weekdays = _fields(cron)
    at = moment.replace(second=0, microsecond=0) + _MINUTE
    last = at + _LONGEST
    while at < last:
        if at.month not in months or at.day not in days or at.isoweekday() % 7 not in weekdays:
            at = at.replace(hour=0, minute=0) + datetime.timedelta(days=1)
        elif at.hour not in hours:
            at = at.replace(minute=0) + datetime.timedelta(hours=1)
        elif at.minute not in minutes:
            at += _MINUTE
        else:
            return at
    raise ValidationError(f"the cron text {cron!r} names no day that ever comes")


def _fields(cron: str) -> list[frozenset[int]]:
    texts = cron.split()
    return [
        frozenset(value for part in text.split(",") for value in _values(part, place, cron))
        for place, text in enumerate(texts)
    ]


def _values(part: str, place: int, cron: str) -> Iterator[int]:
    found = _PART.fullmatch(part)
    if found is None:
        raise ValidationError(f"the cron text {cron!r} cannot be read: {part!r}")
    first, last = _RANGES[place]
    star, begin, end, step = found.groups()
    if not star:
        first = _number(begin, place, cron)
        last = _number(end, place, cron) if end else last if step else first
    stride = int(step or 1)
    if not stride:
        raise ValidationError(f"the cron text {cron!r} cannot be read: {part!r}")
    if last < first:  # around the end, as `fri-mon`
        least, most = _RANGES[place]
        around = [*range(first, most + 1), *range(least, last + 1)]
        yield from around[::stride]
        return
    yield from range(first, last + 1, stride)


def _number(text: str, place: int, cron: str) -> int:
    least, most = _RANGES[place]
    number = _NAMES.get(place, {}).get(text.lower()[:3], -1) if text.isalpha() else int(text)
    if place == 4 and number == 7:
        number = 0
    if least <= number <= most:
        return number
    raise ValidationError(f"the cron text {cron!r} cannot be read: {text!r}")
