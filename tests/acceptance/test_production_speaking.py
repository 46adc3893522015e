"""The plugin of the page on messages and jobs, where the gateway is a process of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.sync.client import connect

from tests.arrangement import Production, needs_servers, running_production
from tests.test_docs import DOCS, unpack
from tests.waiting import wait_for
from tests.workers import second_redis

pytestmark = [pytest.mark.slow, pytest.mark.backends, needs_servers]


@pytest.fixture
def production(tmp_path: Path) -> Iterator[Production]:
    unpack(DOCS / "messages-and-jobs.md", tmp_path)
    plugin = tmp_path / "nightwatch"
    with running_production(tmp_path, plugin, redis_url=second_redis()) as arranged:
        yield arranged


def next_of(socket: Any, kind: str) -> Any:
    """The next frame of a type; others are passed over."""
    while (frame := json.loads(socket.recv(30)))["type"] != kind:
        pass
    return frame


def test_messages_broadcasts_and_jobs_reach_people_on_all_servers(production: Production) -> None:
    first, second = production.urls
    ada = {"username": "ada", "email": "ada@example.com", "password": "correct horse battery"}
    token = httpx.post(f"{first}/api/v1/auth/register", json=ada, timeout=20).json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(headers=headers, timeout=20) as api:
        lobby = {"name": "lobby", "channel_type": "public"}
        channel = api.post(f"{first}/api/v1/channels", json=lobby).json()["channel_id"]
        production.command("plugin", "config", "nightwatch", "--set", f'channel_id="{channel}"')

        sockets = [url.replace("http", "ws", 1) for url in production.urls]
        with (
            connect(f"{sockets[0]}/ws/chat", additional_headers=headers) as chat,
            connect(f"{sockets[0]}/ws/nightwatch", additional_headers=headers) as here,
            connect(f"{sockets[1]}/ws/nightwatch", additional_headers=headers) as there,
        ):
            path = f"{second}/api/v1/nightwatch/call"
            wait_for(lambda: api.post(path, json={}).status_code == 200, what="an answer")
            assert next_of(chat, "message")["message"]["content"] == "Somebody called."
            production.command("plugin", "jobs", "nightwatch", "--run", "look_around")
            assert next_of(here, "round")["all"] == next_of(there, "round")["all"] == "well"

        production.command("plugin", "jobs", "nightwatch", "--run", "call_the_hour")
        messages = f"{first}/api/v1/channels/{channel}/messages"
        wait_for(lambda: "All is well." in api.get(messages).text, what="the job's message")
    outcomes = "SELECT last_outcome FROM plugins_registry_job ORDER BY name"
    wait_for(lambda: production.read(outcomes) == [("ok",), ("ok",)], what="both outcomes written")
