"""The host: everything in one process, and how it comes up and goes down.

The web server has the main thread; worker, beat, supervisor and gateway have threads of their
own. Down goes in the opposite order: first nobody is let in, then tasks end, then plugins.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from django.db import connections

from plexichat.serving.background import Beat, Worker
from plexichat.serving.server import Address, WebServer
from plugin_runtime.supervisor.host import SupervisorThread, start_in_thread

logger = logging.getLogger(__name__)

#: After this a stop is over, whatever still hangs: the longest a plugin may take to unload,
#: the longest task, and some air.
STOP_SECONDS = 20.0


def run(address: Address, *, on_ready: Callable[[str, str], Any]) -> bool:
    """Serve until a stop signal; return False when the address could not be listened on.

    `on_ready` gets the base URL and a sentence about the sandboxes, once both answer.
    """
    with ExitStack() as parts:
        supervisor = parts.enter_context(_supervisor())
        parts.enter_context(_celery())
        server = WebServer(address, on_ready=lambda url: on_ready(url, supervisor.isolation))
        served = server.run()
        _end_in_time(STOP_SECONDS)
    connections.close_all()
    return served


@contextmanager
def _supervisor() -> Iterator[SupervisorThread]:
    supervisor = start_in_thread()
    try:
        yield supervisor
    finally:
        supervisor.stop()


@contextmanager
def _celery() -> Iterator[None]:
    worker, beat = Worker(), Beat()
    worker.start()
    beat.start()
    try:
        yield
    finally:
        # Both are told before either is waited for.
        beat.ask_to_stop()
        worker.ask_to_stop()
        beat.join()
        worker.join()


def _end_in_time(seconds: float) -> None:
    """End the process after a while even if a part never ends; nothing is lost by it."""

    def end() -> None:
        logger.error("stopping took longer than %.0f s; ending now", seconds)
        os._exit(0)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
