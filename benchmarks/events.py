"""Events through the whole pipeline, beside plain Celery tasks in the same run.

An event is written in a transaction of its own, rung for, and told to one or four sandboxed
plugins; the clock stops when the last delivery is recorded as done. The yardstick is as many
no-op tasks through the same broker and worker.
"""

from __future__ import annotations

import threading
import time

from django.db import transaction

from plexichat.celery import app
from plexichat.serving.background import Worker
from plugin_runtime import tasks
from plugin_runtime.events import recorder
from plugins_registry.models import Delivery

from . import Result
from ._arena import arena

EVENTS = 2000
PLAIN_TASKS = 1000
ENOUGH_SECONDS = 120.0
HOOK = "message_edited"
LISTENER = """
    from plexichat_plugin_sdk import Plugin, hook

    class Listens(Plugin):
        @hook("message_edited")
        def on_edit(self, edit):
            pass
"""
PAYLOAD = {
    "message_id": "pX3vGmW8yqJk2LrN",
    "user_id": "u7TnB4cZs9QaE1Hd",
    "old_content": "The quick brown fox",
    "new_content": "The quick brown fox jumps",
    "edit_time": "2026-01-01T12:00:00.000000Z",
}

_done = threading.Semaphore(0)


@app.task(name="benchmarks.nothing")
def nothing() -> None:
    """Do nothing but say so."""
    _done.release()


def run() -> list[Result]:
    """Measure plain tasks, then events to one plugin and to four."""
    with arena() as place:
        worker = Worker()
        worker.start()
        try:
            plain = _plain_tasks_per_second()
            results = [Result(name="plain Celery tasks", value=plain, unit="tasks/s")]
            for count in (1, 4):
                names = [f"listens_{count}_{number}" for number in range(count)]
                for name in names:
                    place.install(name, LISTENER)
                place.enable(*names)
                results += _compare(names, plain)
        finally:
            worker.ask_to_stop()
            worker.join()
    return results


def _plain_tasks_per_second() -> float:
    began = time.perf_counter()
    for _ in range(PLAIN_TASKS):
        nothing.delay()
    for _ in range(PLAIN_TASKS):
        _done.acquire()
    return PLAIN_TASKS / (time.perf_counter() - began)


def _compare(names: list[str], plain: float) -> list[Result]:
    began = time.perf_counter()
    for _ in range(EVENTS):
        with transaction.atomic():
            recorder.write(HOOK, PAYLOAD, names)
    written = time.perf_counter() - began
    while Delivery.objects.filter(plugin__name__in=names).exclude(state="done").exists():
        if time.perf_counter() - began > ENOUGH_SECONDS:
            raise RuntimeError("the deliveries did not end")
        tasks.sweep()
        time.sleep(0.02)
    rate = EVENTS * len(names) / (time.perf_counter() - began)
    label = f"{len(names)} plugin{'s' if len(names) > 1 else ''}"
    return [
        Result(name=f"writing one event for {label}", value=written / EVENTS * 1e3, unit="ms"),
        Result(name=f"deliveries to {label}", value=rate, unit="events/s"),
        Result(name=f"deliveries to {label}", value=rate / plain, unit="times tasks", aim="≥ 3"),
    ]
