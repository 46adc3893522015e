"""The verb `jobs`: what a plugin runs again and again, and how that goes."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from plugins_registry import services
from plugins_registry.commands.parsers import Verbs, add_json, add_verb
from plugins_registry.commands.terminal import Terminal, one_line
from plugins_registry.models import Job
from plugins_registry.services.changes import find


def register(verbs: Verbs) -> None:
    """Add this group's parser."""
    parser = add_verb(verbs, "jobs", jobs)
    parser.add_argument("--run", dest="job", metavar="JOB", help="run this one within seconds")
    add_json(parser)


def jobs(options: Namespace, terminal: Terminal) -> None:
    """List a plugin's scheduled jobs, or run one now; times are UTC."""
    plugin = find(options.name)
    if options.job:
        services.run_job_now(plugin.name, options.job)
    rows = [_row(job) for job in Job.objects.filter(plugin=plugin)]
    if options.json:
        terminal.json(rows)
    elif options.job:
        terminal.line(f"{options.job} runs within seconds; see: manage.py plugin jobs {plugin}")
    elif not rows:
        terminal.line(f"{plugin.name} has no scheduled jobs")
    else:
        keys = ("name", "schedule", "next_at", "last_at", "last_outcome", "last_ms", "last_error")
        terminal.table(keys, ([one_line(row[key]) for key in keys] for row in rows))


def _row(job: Job) -> dict[str, Any]:
    return {
        "name": job.name,
        "schedule": job.schedule,
        "next_at": job.next_at.isoformat(timespec="seconds"),
        "is_running": bool(job.holder),
        "last_at": job.last_at.isoformat(timespec="seconds") if job.last_at else None,
        "last_outcome": job.last_outcome,
        "last_ms": None if job.last_ms is None else round(job.last_ms, 1),
        "last_error": job.last_error,
        "runs": job.runs,
        "failures": job.failures,
    }
