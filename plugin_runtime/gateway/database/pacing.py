"""The pace of a plugin on the database server, which works for it while we only wait.

SQLite works in our own thread, so the line's own pace has that already. A server's processor is
seen by nobody here: what is counted is how long it let us wait, locks included.
"""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from plexichat_plugin_sdk._answers.sql.statements import Dialect
from plugin_runtime.gateway.asking import Asker
from plugin_runtime.gateway.pace import Pace

from .stores import store

#: Of one connection's time, in the long run: with all its connections one plugin keeps half of a
#: processor of the server busy.
SHARE = 0.5
#: What a plugin may use at once after it was quiet: a report, a few slow searches.
BURST_SECONDS = 20.0
#: Not counted of each question: the way there and back, also on a busy machine.
FREE_SECONDS = 0.005

Answer = TypeVar("Answer")
Answerer = Callable[[Asker, Mapping[str, Any]], Answer]

_lock = threading.Lock()
_paces: dict[str, Pace] = {}


def pace_of(plugin: str) -> Pace:
    """Return the account of one plugin."""
    with _lock:
        if plugin not in _paces:
            _paces[plugin] = Pace(share=SHARE, burst_seconds=BURST_SECONDS)
        return _paces[plugin]


def paced(answer: Answerer[Answer]) -> Answerer[Answer]:
    """Return the same question, whose answer waits when the plugin has used up its share."""

    @functools.wraps(answer)
    def answered(asker: Asker, arguments: Mapping[str, Any]) -> Answer:
        began, worked = time.monotonic(), time.thread_time()
        try:
            return answer(asker, arguments)
        finally:
            waited = time.monotonic() - began - (time.thread_time() - worked)
            _charge(asker.plugin, waited - FREE_SECONDS)

    return answered


def _charge(plugin: str, seconds: float) -> None:
    if seconds <= 0 or store().dialect is not Dialect.POSTGRESQL:
        return
    if wait := pace_of(plugin).charge(seconds):
        time.sleep(wait)
