"""Celery's worker and beat as threads of the host process.

An in-memory broker does not cross processes, so in the embedded arrangement whoever sends a
task must live in the same process as whoever runs it. Production runs Celery's own programs.
"""

from __future__ import annotations

import logging
import threading
from typing import Any

from celery.beat import EmbeddedService, Scheduler
from celery.worker import WorkController, state
from django.conf import settings

from plexichat.celery import HEARTBEAT_TASK, app

logger = logging.getLogger(__name__)

#: How long a worker may take to be ready; it needs milliseconds unless its broker is away.
START_SECONDS = 10.0
#: Tasks that may run at once. They mostly wait for plugins and for the database.
WORKER_THREADS = 4
#: How long a part may take to end before the host goes on without it.
STOP_SECONDS = 5.0


class Worker:
    """A Celery worker on threads."""

    def __init__(self) -> None:
        self._is_ready = threading.Event()
        self._controller = WorkController(
            app=app,
            pool_cls="threads",
            concurrency=WORKER_THREADS,
            hostname="embedded@host",
            # One worker that knows all others gains nothing from talking to them.
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
            ready_callback=lambda _consumer: self._is_ready.set(),
        )
        self._thread = threading.Thread(target=self._controller.start, name="worker", daemon=True)

    def start(self) -> None:
        """Begin to take tasks; return once it does, or after a bounded wait.

        The first heartbeat is sent here, since beat sends each task one interval after its
        start. (Celery's own worker program announces that it is ready; this one does not.)
        """
        _stop_with(None)
        self._thread.start()
        if self._is_ready.wait(START_SECONDS):
            app.send_task(HEARTBEAT_TASK)
        else:
            logger.error("the worker takes no tasks yet; is its broker there?")

    def ask_to_stop(self) -> None:
        """Take no more tasks from now on; those that run come to their end."""
        _stop_with(0)
        if settings.CELERY_BROKER_URL.startswith("memory:"):
            # It looks at the flag every two seconds or when something arrives, and then goes
            # one more round.
            for _ in range(2):
                app.send_task(HEARTBEAT_TASK)

    def join(self) -> None:
        """Wait a bounded time for the end."""
        self._thread.join(STOP_SECONDS)


class Beat:
    """Celery's clock, which sends what the schedule says."""

    def __init__(self) -> None:
        # Named here, because the embedded service does not ask the settings: its own default
        # keeps a pickle in the current folder. It wakes up each second, so a stop takes one.
        self._thread: Any = EmbeddedService(app, thread=True, scheduler_cls=Scheduler)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Send no more from now on."""
        self._thread.service.stop(wait=False)

    def join(self) -> None:
        """Wait a bounded time for the end."""
        self._thread.join(STOP_SECONDS)


def _stop_with(exit_code: int | None) -> None:
    """Set the one flag that a worker's loop looks at; None lets it run."""
    flags: Any = state
    flags.should_stop = exit_code
