"""People who post all at once, what was accepted of it, and a plugin that is owed all of it."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

CLIENTS = 4
PASSWORD = "long enough 7"
PLUGIN = """
from plexichat_plugin_sdk import Plugin, current_event, hook


class Owed(Plugin):
    @hook("message_received")
    def on_received(self, message):
        event = current_event()
        self.logger.info("received", extra={"event": event.event_id, "by": event.receiver_id})
"""
#: What a database says of the end; the queries run on SQLite and PostgreSQL alike.
STORED = "SELECT public_id FROM chat_message"
NOT_DONE = "SELECT count(*) FROM plugins_registry_delivery WHERE state != 'done'"
TOLD = """
    SELECT event.payload FROM plugins_registry_event AS event
    JOIN plugins_registry_delivery AS delivery ON delivery.event_id = event.event_id
    WHERE event.hook = 'message_received' AND delivery.state = 'done'
"""
#: Registration and posting are what is tested, not their rates.
UNHURRIED = {"PLEXICHAT_REGISTER_RATE": "1000/min", "PLEXICHAT_POST_RATE": "100000/s"}
QUARANTINED = "SELECT name FROM plugins_registry_plugin WHERE state = 'quarantined'"
Read = Callable[[str], list[tuple[Any, ...]]]


def write_listener(parent: Path) -> Path:
    """Write the plugin `owed`, which is told of every message, and return its folder."""
    folder = parent / "owed"
    folder.mkdir()
    (folder / "plugin.py").write_text(PLUGIN)
    (folder / "plugin.yaml").write_text('plugin: {name: owed, version: "1.0"}\n')
    return folder


class Crowd:
    """Clients that post into one channel until so many messages were accepted.

    With `seconds` they go on for at least so long, however many it gets.
    """

    def __init__(self, urls: Sequence[str], wanted: int, *, seconds: float = 0) -> None:
        self.wanted = wanted
        self._seconds = seconds
        self._posting_since = 0.0
        self.accepted: list[str] = []
        #: What went wrong with posts, and the longest that one took, in seconds.
        self.troubles: Counter[str] = Counter()
        self.slowest = 0.0
        self._apis = [f"{url}/api/v1" for url in urls]
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._tokens, self._channel = self._gather()

    def _gather(self) -> tuple[list[str], str]:
        """Register the clients and put them into one channel; return their tokens and its id."""
        tokens = []
        for number in range(CLIENTS):
            facts = {"username": f"client{number}", "password": PASSWORD}
            facts["email"] = f"{facts['username']}@example.com"
            answer = httpx.post(f"{self._apis[0]}/auth/register", json=facts, timeout=20)
            tokens.append(answer.json()["token"])
        new = {"name": "lobby", "channel_type": "public"}
        first, *others = [{"Authorization": f"Bearer {token}"} for token in tokens]
        url = f"{self._apis[0]}/channels"
        channel = httpx.post(url, json=new, headers=first, timeout=20).json()["channel_id"]
        for joining in others:
            members = f"{url}/{channel}/members"
            httpx.post(members, json={}, headers=joining, timeout=20).raise_for_status()
        return tokens, channel

    @contextmanager
    def posting(self) -> Iterator[None]:
        """Post while the block runs and after it until enough was accepted."""
        self._posting_since = time.monotonic()
        clients = [threading.Thread(target=self._post, args=(each,)) for each in range(CLIENTS)]
        for client in clients:
            client.start()
        try:
            yield
            for client in clients:
                client.join()
        finally:
            self._ended.set()
            for client in clients:
                client.join()

    def log_in(self) -> int:
        """Log one of the clients in anew and return the answer's status."""
        facts = {"username": "client0", "password": PASSWORD}
        return httpx.post(f"{self._apis[0]}/auth/login", json=facts, timeout=20).status_code

    def has(self, share: float) -> bool:
        """Whether this share of the wanted messages was accepted."""
        return len(self.accepted) >= self.wanted * share

    def _is_enough(self) -> bool:
        return self.has(1) and time.monotonic() > self._posting_since + self._seconds

    def _post(self, client: int) -> None:
        api = self._apis[client % len(self._apis)]
        number = 0
        with httpx.Client(headers={"Authorization": f"Bearer {self._tokens[client]}"}) as http:
            while not self._is_enough() and not self._ended.is_set():
                number += 1
                began = time.monotonic()
                self._post_one(http, api, f"message {number} of client {client}")
                self.slowest = max(self.slowest, time.monotonic() - began)

    def _post_one(self, http: httpx.Client, api: str, content: str) -> None:
        url = f"{api}/channels/{self._channel}/messages"
        try:
            answer = http.post(url, json={"content": content}, timeout=10)
        except httpx.HTTPError as error:
            self.troubles[type(error).__name__] += 1
            self._ended.wait(0.05)  # what became of this one nobody promised
            return
        with self._lock:
            if answer.status_code == 201:
                self.accepted.append(answer.json()["message_id"])
            else:
                self.troubles[str(answer.status_code)] += 1

    def check(self, read: Read) -> None:
        """Fail unless every accepted message is stored once and was told to the plugin."""
        stored = Counter(row[0] for row in read(STORED))
        told = told_messages(read(TOLD))
        assert self.has(1)
        assert len(set(self.accepted)) == len(self.accepted)
        assert [each for each in self.accepted if stored[each] != 1] == []
        # One event for each stored message, also for those whose answer never arrived.
        assert told == stored


def told_messages(payloads: Iterable[tuple[Any]]) -> Counter[str]:
    """How often each message is among the events that the plugin has confirmed."""
    facts = (row if isinstance(row, dict) else json.loads(row) for (row,) in payloads)
    return Counter(fact["message_id"] for fact in facts)


def not_done(read: Read, command: Callable[..., Any]) -> int:
    """How many deliveries still wait; a plugin in quarantine is given another try."""
    for (name,) in read(QUARANTINED):
        command("plugin", "enable", name)
    return int(read(NOT_DONE)[0][0])
