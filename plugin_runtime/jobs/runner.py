"""Running jobs: threads of their own beside the worker's tasks, a few per process.

A job may take minutes, and a worker has few places for tasks: events must not wait for somebody's
nightly report. So the task that finds a job due only hands it over here. While jobs run, a keeper
renews their leases; when the process dies they lapse, and another one runs the jobs again.
"""

from __future__ import annotations

import logging
import os
import threading
import time

from django.db import Error as DatabaseError
from django.db import connections
from django.utils import timezone

from plugin_runtime import conversations
from plugin_runtime.conf import conf
from plugin_runtime.exceptions import CallError, PluginFault, PluginLost, PluginUnavailable
from plugins_registry import services
from plugins_registry.services import DueJob, JobResult

from .schedules import next_after

logger = logging.getLogger(__name__)

#: Jobs of different plugins that run at once in one process.
THREADS = 8
#: A lease outlives three renewals; after so long a job of a killed process runs again.
LEASE_SECONDS = 30.0
RENEW_SECONDS = 8.0
#: Times that a run may be cut off before it counts as failed.
TRIES = 3


class Runner:
    """The jobs that run in this process."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        #: By holder.
        self._running: dict[str, DueJob] = {}
        self._keeper: threading.Thread | None = None

    def start_due(self) -> None:
        """Take as many due jobs as there is room for and begin them; returns at once."""
        for due in services.due_jobs(self._room()):
            if self._room() > 0:
                job = services.take_job(due.plugin, due.name, seconds=LEASE_SECONDS)
                if job is not None:
                    self._start(job)

    def wait(self, seconds: float) -> bool:
        """Wait until no job runs here any more; return whether that came true in time."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._running, seconds)

    def _room(self) -> int:
        with self._changed:
            return THREADS - len(self._running)

    def _start(self, job: DueJob) -> None:
        with self._changed:
            self._running[job.holder] = job
            if self._keeper is None:
                self._keeper = threading.Thread(target=self._keep, name="jobs", daemon=True)
                self._keeper.start()
        name = f"job-{job.plugin}-{job.name}"
        threading.Thread(target=self._run, args=(job,), name=name, daemon=True).start()

    def _run(self, job: DueJob) -> None:
        try:
            run(job)
        except DatabaseError:
            logger.exception("a job's end could not be written; it will run again")
        finally:
            connections.close_all()
            with self._changed:
                del self._running[job.holder]
                self._changed.notify_all()

    def _keep(self) -> None:
        """Renew the leases of what runs; ends when nothing does."""
        while holders := self._holders_after_pause():
            try:
                services.keep_jobs(holders, seconds=LEASE_SECONDS)
            except DatabaseError:
                logger.warning("leases of jobs could not be renewed", exc_info=True)
            finally:
                connections.close_all()

    def _holders_after_pause(self) -> list[str]:
        with self._changed:
            self._changed.wait_for(lambda: not self._running, RENEW_SECONDS)
            if not self._running:
                self._keeper = None
            return list(self._running)


def run(job: DueJob) -> None:
    """Run a taken job to its end and write how that went."""
    began_at, began = timezone.now(), time.monotonic()
    error = traceback = ""
    try:
        if job.attempt > TRIES:
            raise CallError(job.plugin, f"the job was cut off {TRIES} times in a row")
        deadline_ms = int(conf.job_seconds * 1000)
        conversations.call(job.plugin, "job", job.name, None, deadline_ms=deadline_ms)
    except PluginUnavailable as reason:
        services.leave_job(job, uncounted=not isinstance(reason, PluginLost))
        logger.info("a job waits", extra={"plugin": job.plugin, "job": job.name})
        return
    except CallError as failure:
        error = str(failure)
        traceback = failure.details.get("traceback", "") if isinstance(failure, PluginFault) else ""
    ended = timezone.now()
    services.settle_job(
        job,
        JobResult(
            began_at=began_at,
            took_ms=(time.monotonic() - began) * 1000,
            next_at=next_after(
                ended, every_seconds=job.every_seconds, cron=job.cron, due_at=job.due_at
            ),
            error=error,
            traceback=traceback,
        ),
    )


runner = Runner()


def _after_fork() -> None:
    global runner
    runner = Runner()


def start_due() -> None:
    """Take as many due jobs as this process has room for and begin them; returns at once."""
    runner.start_due()


os.register_at_fork(after_in_child=_after_fork)
