"""Scheduled jobs as records that travel between the registry and whoever runs them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class JobOffer:
    """A job as a loaded release offers it, with the time of its first run."""

    name: str
    #: One of the two says when; the other is 0 or empty.
    every_seconds: float
    cron: str
    first_at: datetime


@dataclass(frozen=True, kw_only=True)
class DueJob:
    """A job whose time has come; with `holder`, one that was taken to be run."""

    plugin: str
    name: str
    every_seconds: float
    cron: str
    #: When it should run.
    due_at: datetime
    #: 1 at the first try for this time; more when runs were cut off.
    attempt: int = 0
    #: Proves whose lease it is; empty before it is taken.
    holder: str = ""


@dataclass(frozen=True, kw_only=True)
class JobResult:
    """How a run ended, and when the next one is."""

    began_at: datetime
    took_ms: float
    next_at: datetime
    #: Empty when all went well.
    error: str = ""
    traceback: str = ""
