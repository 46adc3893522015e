"""When jobs run: periods and cron texts, in UTC. Pure.

Cron texts are read as Celery reads them: minute, hour, day of month, month, day of week (0 is
Sunday), and all five must fit.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from math import floor

from celery.schedules import crontab

from plexichat_plugin_sdk._wire.control import JobMark
from plugins_registry.exceptions import DescriptionRefused
from plugins_registry.services import JobOffer

#: The shortest period, about as often as due jobs are looked for, and the longest.
SHORTEST_SECONDS = 5.0
LONGEST_SECONDS = 366 * 86_400.0
#: Of one plugin.
MOST_JOBS = 50
CRON_CHARACTERS = 200
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,99}")


class BadSchedule(ValueError):
    """A schedule that never comes, or cannot be read; the text is for its author."""


def next_after(moment: datetime, *, every_seconds: float, cron: str, due_at: datetime) -> datetime:
    """Return the first time after `moment`; periods count from `due_at`. Raises `BadSchedule`."""
    if cron:
        return _next_of_cron(cron, moment)
    missed = max(0, floor((moment - due_at).total_seconds() / every_seconds))
    return due_at + timedelta(seconds=every_seconds * (missed + 1))


def offers_of(plugin: str, marks: Iterable[JobMark], *, now: datetime) -> list[JobOffer]:
    """Return what a loaded plugin wants to run; raise `DescriptionRefused` with every problem.

    What a sandbox says is checked here once more, whatever its SDK has checked.
    """
    marks = list(marks)
    if len(marks) > MOST_JOBS:
        raise DescriptionRefused(plugin, [f"it has {len(marks)} jobs; at most {MOST_JOBS} may be"])
    offers, problems = [], []
    for mark in marks:
        try:
            offers.append(_offer(mark, now))
        except BadSchedule as error:
            problems.append(f"job {mark.name[:100]!r}: {error}")
    twice = [name for name, count in Counter(mark.name for mark in marks).items() if count > 1]
    problems += [f"job {name[:100]!r}: there are two of this name" for name in twice]
    if problems:
        raise DescriptionRefused(plugin, problems)
    return offers


def _offer(mark: JobMark, now: datetime) -> JobOffer:
    if not _NAME.fullmatch(mark.name):
        raise BadSchedule("its name may have letters, digits, '_', '.' and '-', at most 100")
    in_range = SHORTEST_SECONDS <= mark.every_seconds <= LONGEST_SECONDS
    if not (mark.every_seconds == 0 if mark.cron else in_range):
        raise BadSchedule(
            f"it needs a cron text, or a period of {SHORTEST_SECONDS:g} seconds to 366 days"
        )
    return JobOffer(
        name=mark.name,
        every_seconds=mark.every_seconds,
        cron=mark.cron,
        first_at=next_after(now, every_seconds=mark.every_seconds, cron=mark.cron, due_at=now),
    )


def _next_of_cron(cron: str, moment: datetime) -> datetime:
    if len(cron) > CRON_CHARACTERS:
        raise BadSchedule(f"the cron text has more than {CRON_CHARACTERS} characters")
    try:
        schedule = crontab.from_string(cron)
        start, step, _ = schedule.remaining_delta(moment.astimezone(UTC), tz=UTC)
        found: datetime = start + step
    except (ValueError, OverflowError, RuntimeError) as error:
        raise BadSchedule(f"the cron text {cron!r} makes no sense: {error}") from error
    return found
