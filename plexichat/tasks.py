"""The shell's own tasks: the heartbeat and the hourly sweep of what has expired."""

from __future__ import annotations

from celery import shared_task

from plexichat import heartbeat, purge
from plexichat.celery import HEARTBEAT_TASK, PURGE_TASK


@shared_task(name=HEARTBEAT_TASK)
def beat_once() -> None:
    """Note that beat, broker and a worker were alive a moment ago."""
    heartbeat.beat()


@shared_task(name=PURGE_TASK)
def purge_expired() -> None:
    """Delete tokens, tickets and sessions nobody can use any more; safe to repeat."""
    purge.purge_expired()
