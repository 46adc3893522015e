"""The runtime's Celery tasks: two lines each; what they do lives in `events`."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from plugin_runtime import log_files
from plugin_runtime.conf import conf
from plugin_runtime.events import bell, drain
from plugin_runtime.jobs import runner
from plugins_registry import services

SWEEP_TASK = "plugin_runtime.sweep"
RETAIN_TASK = "plugin_runtime.retain"
CATALOGUES_TASK = "plugin_runtime.catalogues"


@shared_task(name=bell.DELIVER_TASK)
def deliver(plugin: str) -> None:
    """Tell a plugin what it is owed; safe to repeat, one at a time per plugin."""
    drain.drain(plugin)


@shared_task(name=SWEEP_TASK)
def sweep() -> None:
    """Ring for every queue that waits, whatever ring was lost, and begin the jobs that are due."""
    bell.ring(services.plugins_with_due_deliveries())
    runner.start_due()


@shared_task(name=RETAIN_TASK)
def retain() -> None:
    """Let go of what is too old to keep."""
    services.sweep_deliveries()
    log_files.forget_old(now=timezone.now(), days=conf.log_days)
    services.abandon_operations()
    services.empty_bin()


@shared_task(name=CATALOGUES_TASK)
def refresh_catalogues() -> None:
    """Ask the catalogues that were not asked for a day."""
    services.refresh_due_catalogues()
