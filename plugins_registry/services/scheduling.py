"""Scheduled jobs: which a plugin has, which are due, who runs one, and how that went.

A job is taken by one conditional update, so of all workers that see it due one runs it. The lease
is short and renewed while the job runs; one whose worker died is due again soon after.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import uuid4

from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils import timezone

from plugins_registry.exceptions import RegistryError
from plugins_registry.jobs import DueJob, JobOffer, JobResult
from plugins_registry.models import Job, Plugin
from plugins_registry.services.changes import find
from plugins_registry.services.problems import raise_problem
from plugins_registry.states import JobOutcome, State, Wanted
from plugins_registry.stored import stored_text

ERROR_CHARACTERS = 2_000


def offer_jobs(release_id: int, offers: Sequence[JobOffer]) -> None:
    """Make these the jobs of the release's plugin; unchanged ones keep their next time.

    Does nothing when another release shall run: one that is only tried has no say yet.
    """
    plugin = Plugin.objects.filter(release_id=release_id).values_list("name", flat=True).first()
    if plugin is None:
        return
    with transaction.atomic():
        known = {job.name: job for job in Job.objects.filter(plugin_id=plugin)}
        gone = known.keys() - {offer.name for offer in offers}
        if gone:
            Job.objects.filter(plugin_id=plugin, name__in=gone).delete()
        for offer in offers:
            schedule = {"every_seconds": offer.every_seconds, "cron": offer.cron}
            job = known.get(offer.name)
            if job is None:
                Job.objects.create(
                    plugin_id=plugin, name=offer.name, next_at=offer.first_at, **schedule
                )
            elif (job.every_seconds, job.cron) != (offer.every_seconds, offer.cron):
                Job.objects.filter(pk=job.pk).update(next_at=offer.first_at, attempts=0, **schedule)


def due_jobs(limit: int, *, now: datetime | None = None) -> list[DueJob]:
    """The jobs of running plugins whose time has come and that nobody runs; one query.

    The longest due first, and at most one of a plugin, since a plugin runs one job at a time.
    """
    now = now or timezone.now()
    first: dict[str, DueJob] = {}
    for job in _takeable(now).order_by("next_at", "pk"):
        first.setdefault(job.plugin_id, _due(job))
    return list(first.values())[:limit]


def take_job(
    plugin: str, name: str, *, seconds: float, now: datetime | None = None
) -> DueJob | None:
    """Take a due job to run it now; None when it is not due, or somebody else took one."""
    now, holder = now or timezone.now(), uuid4().hex
    with transaction.atomic():
        # On PostgreSQL two jobs of a plugin could be taken at the same moment otherwise.
        list(Job.objects.select_for_update().filter(plugin_id=plugin).values_list("pk", flat=True))
        taken = Job.objects.filter(
            pk__in=_takeable(now).filter(plugin_id=plugin, name=name)
        ).update(holder=holder, until=now + timedelta(seconds=seconds), attempts=F("attempts") + 1)
        if not taken:
            return None
        return _due(Job.objects.get(plugin_id=plugin, name=name))


def keep_jobs(holders: Sequence[str], *, seconds: float, now: datetime | None = None) -> None:
    """Prolong the leases of jobs that are still running."""
    until = (now or timezone.now()) + timedelta(seconds=seconds)
    Job.objects.filter(holder__in=holders).update(until=until)


def leave_job(job: DueJob, *, uncounted: bool = False, now: datetime | None = None) -> None:
    """Give a job back that did not come to its end; it stays due.

    `uncounted` when it had not even begun: that was no attempt.
    """
    held = Job.objects.filter(plugin_id=job.plugin, name=job.name, holder=job.holder)
    attempts = job.attempt - 1 if uncounted else job.attempt
    held.update(holder="", until=now or timezone.now(), attempts=attempts)


def settle_job(job: DueJob, result: JobResult) -> None:
    """Write how a run ended; a failure becomes one problem of the plugin and job.

    Does nothing when the lease is somebody else's by now: that run will tell.
    """
    failed = bool(result.error)
    error = {"last_error": stored_text(result.error, ERROR_CHARACTERS)} if failed else {}
    settled = Job.objects.filter(plugin_id=job.plugin, name=job.name, holder=job.holder).update(
        holder="",
        until=result.began_at,
        attempts=0,
        next_at=result.next_at,
        last_at=result.began_at,
        last_ms=result.took_ms,
        last_outcome=JobOutcome.FAILED if failed else JobOutcome.OK,
        runs=F("runs") + 1,
        failures=F("failures") + int(failed),
        **error,
    )
    if settled and failed:
        raise_problem(
            job.plugin,
            f"job:{job.name}",
            f"the job {job.name!r} failed: {result.error}. It runs again at "
            f"{result.next_at:%Y-%m-%d %H:%M:%S} UTC; sooner: "
            f"manage.py plugin jobs {job.plugin} --run {job.name}",
            details={"traceback": result.traceback},
        )


def run_job_now(plugin: str, name: str, *, now: datetime | None = None) -> None:
    """Make a job due at once; one that runs at the moment is left alone.

    Raises `RegistryError` for an unknown job, naming those there are.
    """
    jobs = Job.objects.filter(plugin=find(plugin))
    if not jobs.filter(name=name).exists():
        known = ", ".join(jobs.values_list("name", flat=True)) or "none"
        raise RegistryError(f"plugin {plugin!r} has no job {name!r}; its jobs are: {known}")
    now = now or timezone.now()
    jobs.filter(name=name, next_at__gt=now).update(next_at=now)


def _takeable(now: datetime) -> QuerySet[Job]:
    """Due, of a running plugin none of whose jobs is running."""
    running = Job.objects.filter(plugin_id=OuterRef("plugin_id"), until__gt=now).exclude(holder="")
    return Job.objects.filter(
        ~Exists(running),
        next_at__lte=now,
        plugin__wanted=Wanted.ENABLED,
        plugin__state=State.ACTIVE,
    )


def _due(job: Job) -> DueJob:
    return DueJob(
        plugin=job.plugin_id,
        name=job.name,
        every_seconds=job.every_seconds,
        cron=job.cron,
        due_at=job.next_at,
        attempt=job.attempts,
        holder=job.holder,
    )
