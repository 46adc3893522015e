"""The Celery app: tasks of every installed app, and the schedule.

`celery -A plexichat worker` and `celery -A plexichat beat` in production; threads of the host
process in the embedded arrangement.
"""

from __future__ import annotations

import logging.config
import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_ready
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "plexichat.settings")

HEARTBEAT_TASK = "plexichat.heartbeat"
PURGE_TASK = "plexichat.purge"
#: How often beat and a worker prove together that they live.
HEARTBEAT_SECONDS = 10
PURGE_SECONDS = 3600
#: The runtime's own tasks, by the names they have there.
SWEEP_TASK = "plugin_runtime.sweep"
RETAIN_TASK = "plugin_runtime.retain"
CATALOGUES_TASK = "plugin_runtime.catalogues"
#: How often it is looked whether a catalogue is due; each is asked once a day.
CATALOGUES_SECONDS = 1800
SWEEP_SECONDS = 5

app = Celery("plexichat")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_schedule = {
    "heartbeat": {
        "task": HEARTBEAT_TASK,
        "schedule": HEARTBEAT_SECONDS,
        # A worker that was away needs one heartbeat, not one for each it missed.
        "options": {"expires": HEARTBEAT_SECONDS},
    },
    # What a lost bell or a broker that was away left behind is delivered at most so much later.
    "sweep": {"task": SWEEP_TASK, "schedule": SWEEP_SECONDS, "options": {"expires": SWEEP_SECONDS}},
    "retain": {
        "task": RETAIN_TASK,
        "schedule": PURGE_SECONDS,
        "options": {"expires": PURGE_SECONDS},
    },
    "catalogues": {
        "task": CATALOGUES_TASK,
        "schedule": CATALOGUES_SECONDS,
        "options": {"expires": CATALOGUES_SECONDS},
    },
    "purge": {"task": PURGE_TASK, "schedule": PURGE_SECONDS, "options": {"expires": PURGE_SECONDS}},
}


@setup_logging.connect
def _log_like_django(**_: Any) -> None:
    """Keep Celery's programs from replacing the project's logging with their own."""
    logging.config.dictConfig(settings.LOGGING)


@worker_ready.connect
def _say_so_at_once(**_: Any) -> None:
    """Send the first heartbeat now, so that health need not wait for beat's next turn."""
    app.send_task(HEARTBEAT_TASK)
