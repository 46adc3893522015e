"""Everything is killed at random while people post: nothing accepted is lost.

Seen from outside: HTTP clients remember what was accepted, the database file is read afterwards.
In the embedded arrangement web, worker, gateway and supervisor are one process, so killing it
kills them all at once; sandboxes and the zygote are killed on their own as well.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.crowd import UNHURRIED, Crowd, not_done, write_listener
from tests.running import START_SECONDS, Host, command, furnish
from tests.waiting import wait_for
from tests.workers import free_port

#: How many messages the clients get accepted; more with PLEXICHAT_CHAOS_MESSAGES.
MESSAGES = int(os.environ.get("PLEXICHAT_CHAOS_MESSAGES", "300"))
HOST_KILLS = 2

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400 + MESSAGES // 4)]
pytestmark.append(pytest.mark.usefixtures("django_db_setup"))


class Village:
    """A host that is killed and comes back."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = free_port()
        self.host = self._start()

    def _start(self) -> Host:
        return Host(self.home, self.port, **UNHURRIED)

    def wait_until_healthy(self) -> None:
        wait_for(self.host.is_healthy, seconds=START_SECONDS, what="health")

    def kill_and_restart(self) -> None:
        os.kill(self.host.process.pid, signal.SIGKILL)
        self.host.process.wait()
        self.host = self._start()
        self.wait_until_healthy()

    def kill_a_child(self) -> None:
        """Kill the zygote or one sandbox; whatever it is comes back by itself."""
        children = sorted(self.host.family() - {self.host.process.pid})
        if children:
            with suppress(ProcessLookupError):  # it was quicker
                os.kill(random.choice(children), signal.SIGKILL)

    def read(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.home / "plexichat.sqlite3", timeout=20)) as database:
            return database.execute(query).fetchall()


@contextmanager
def village() -> Iterator[Village]:
    with tempfile.TemporaryDirectory(prefix="plx-", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o711)
        place = Village(furnish(Path(folder) / "home"))
        try:
            yield place
        finally:
            place.host.process.terminate()
            place.host.end(seconds=30)


def test_nothing_is_lost_whatever_is_killed(tmp_path: Path) -> None:
    with village() as place:
        place.wait_until_healthy()
        flags = ("--grant-all", "--allow-unsigned", "--enable", "--wait", "60")
        run = partial(command, place.home)
        run("plugin", "install", str(write_listener(tmp_path)), *flags)
        crowd = Crowd([place.host.url], MESSAGES)
        with crowd.posting():
            wreak_havoc(place, crowd)
        wait_for(lambda: not_done(place.read, run) == 0, seconds=120, what="every delivery")

        crowd.check(place.read)


def wreak_havoc(place: Village, crowd: Crowd) -> None:
    """Kill sandboxes all the time and the whole host now and then, while posting goes on."""
    for share in range(1, HOST_KILLS + 1):
        while not crowd.has(share / (HOST_KILLS + 1)):
            place.kill_a_child()
            time.sleep(random.uniform(0.2, 0.8))
        place.kill_and_restart()
