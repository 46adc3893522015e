"""Everything is killed at random while people post: nothing accepted is lost.

Seen from outside: HTTP clients remember what was accepted, the database file is read afterwards.
In the embedded arrangement web, worker, gateway and supervisor are one process, so killing it
kills them all at once; sandboxes and the zygote are killed on their own as well.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.running import START_SECONDS, Host, command, free_port
from tests.waiting import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

#: How many messages the clients get accepted; more with PLEXICHAT_CHAOS_MESSAGES.
MESSAGES = int(os.environ.get("PLEXICHAT_CHAOS_MESSAGES", "600"))
CLIENTS = 4
HOST_KILLS = 3
PLUGIN = """
from plexichat_plugin_sdk import Plugin, current_event, hook


class Owed(Plugin):
    @hook("message_received")
    def on_received(self, message):
        event = current_event()
        self.logger.info("received", extra={"event": event.event_id, "by": event.receiver_id})
"""


class Village:
    """A host that is killed and comes back, and the people who go on posting."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = free_port()
        self.host = self._start()
        self.accepted: list[str] = []
        self._lock = threading.Lock()

    @property
    def api(self) -> str:
        return f"{self.host.url}/api/v1"

    def _start(self) -> Host:
        # Registration and posting are what is tested, not their throttles.
        return Host(self.home, self.port, PLEXICHAT_REGISTER_RATE="1000/min")

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

    def post_until_accepted(self, client: int, token: str, channel: str) -> None:
        number = 0
        headers = {"Authorization": f"Bearer {token}"}
        while self._goes_on():
            number += 1
            content = f"message {number} of client {client}"
            try:
                answer = httpx.post(
                    f"{self.api}/channels/{channel}/messages",
                    json={"content": content},
                    headers=headers,
                    timeout=10,
                )
            except httpx.HTTPError:
                time.sleep(0.05)  # it is being killed; what became of this one nobody promised
                continue
            if answer.status_code == 201:
                with self._lock:
                    self.accepted.append(answer.json()["message_id"])

    def _goes_on(self) -> bool:
        return len(self.accepted) < MESSAGES

    def read(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.home / "plexichat.sqlite3", timeout=20)) as database:
            return database.execute(query).fetchall()


@contextmanager
def village() -> Iterator[Village]:
    with tempfile.TemporaryDirectory(prefix="plx-", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o711)
        place = Village(Path(folder) / "home")
        try:
            yield place
        finally:
            place.host.process.terminate()
            place.host.end(seconds=30)


def people(place: Village) -> tuple[list[str], str]:
    """Register the clients and put them into one channel; return their tokens and its id."""
    tokens = []
    for number in range(CLIENTS):
        facts = {"username": f"client{number}", "email": "", "password": "long enough 7"}
        facts["email"] = f"{facts['username']}@example.com"
        tokens.append(httpx.post(f"{place.api}/auth/register", json=facts).json()["token"])
    headers = [{"Authorization": f"Bearer {token}"} for token in tokens]
    new = {"name": "lobby", "channel_type": "public"}
    channel = httpx.post(f"{place.api}/channels", json=new, headers=headers[0]).json()
    for joining in headers[1:]:
        url = f"{place.api}/channels/{channel['channel_id']}/members"
        httpx.post(url, json={}, headers=joining).raise_for_status()
    return tokens, channel["channel_id"]


def test_nothing_is_lost_whatever_is_killed(tmp_path: Path) -> None:
    folder = tmp_path / "owed"
    folder.mkdir()
    (folder / "plugin.py").write_text(PLUGIN)
    (folder / "plugin.yaml").write_text('plugin: {name: owed, version: "1.0"}\n')
    with village() as place:
        place.wait_until_healthy()
        flags = ("--grant-all", "--allow-unsigned", "--enable", "--wait", "60")
        command(place.home, "plugin", "install", str(folder), *flags)
        tokens, channel = people(place)
        clients = [
            threading.Thread(target=place.post_until_accepted, args=(number, token, channel))
            for number, token in enumerate(tokens)
        ]
        for client in clients:
            client.start()
        wreak_havoc(place)
        for client in clients:
            client.join()
        wait_for(lambda: not_done(place) == 0, seconds=120, what="every delivery")

        stored = Counter(row[0] for row in place.read("SELECT public_id FROM chat_message"))
        told = told_messages(place)

    assert len(place.accepted) >= MESSAGES
    assert [each for each in place.accepted if stored[each] != 1] == []
    assert set(place.accepted) - told == set()


def wreak_havoc(place: Village) -> None:
    """Kill sandboxes all the time and the whole host now and then, while posting goes on."""
    for share in range(1, HOST_KILLS + 1):
        while len(place.accepted) < MESSAGES * share / (HOST_KILLS + 1):
            place.kill_a_child()
            time.sleep(random.uniform(0.2, 0.8))
        place.kill_and_restart()


def not_done(place: Village) -> int:
    """How many deliveries still wait; a plugin in quarantine is given another try."""
    quarantined = place.read("SELECT name FROM plugins_registry_plugin WHERE state='quarantined'")
    for (name,) in quarantined:
        command(place.home, "plugin", "enable", name)
    rows = place.read("SELECT count(*) FROM plugins_registry_delivery WHERE state != 'done'")
    return int(rows[0][0])


def told_messages(place: Village) -> set[str]:
    """The ids of messages whose event the plugin has confirmed."""
    query = """
        SELECT event.payload FROM plugins_registry_event AS event
        JOIN plugins_registry_delivery AS delivery ON delivery.event_id = event.event_id
        WHERE event.hook = 'message_received' AND delivery.state = 'done'
    """
    return {json.loads(row[0])["message_id"] for row in place.read(query)}
