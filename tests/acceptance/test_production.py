"""Production as docs/operating.md arranges it: the parts work together, and each one stops."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from plexichat.bootstrap import ROOT
from tests.arrangement import Production, needs_servers, running_production
from tests.running import is_gone
from tests.waiting import wait_for
from tests.workers import second_redis

pytestmark = [pytest.mark.slow, pytest.mark.backends, needs_servers]
STOP_SECONDS = 20.0


@pytest.fixture
def production(tmp_path: Path) -> Iterator[Production]:
    plugin = ROOT / "plugins" / "moderation"
    with running_production(tmp_path, plugin, redis_url=second_redis()) as arranged:
        yield arranged


def test_parts_work_together_and_each_stops_when_told(production: Production) -> None:
    first, second = production.urls
    ada = {"username": "ada", "email": "ada@example.com", "password": "correct horse battery"}
    token = httpx.post(f"{first}/api/v1/auth/register", json=ada, timeout=20).json()["token"]
    with httpx.Client(headers={"Authorization": f"Bearer {token}"}, timeout=20) as api:
        lobby = {"name": "lobby", "channel_type": "public"}
        channel = api.post(f"{first}/api/v1/channels", json=lobby).json()["channel_id"]
        path = f"{second}/api/v1/channels/{channel}/messages"
        wait_for(lambda: "*" in say(api, path, "a darn fine day"), what="the filter's answer")
        assert api.post(path, json={"content": "buy viagra"}).status_code == 422

    family = production.family()
    assert len(family) > len(production.processes), "no sandbox was running"
    for name, process in production.processes.items():
        process.send_signal(signal.SIGTERM)
        assert process.wait(STOP_SECONDS) == 0, production.said_by(name).read_text()
        assert "Traceback" not in production.said_by(name).read_text()
    wait_for(lambda: all(map(is_gone, family)), what=f"the end of all of {family}")


def say(api: httpx.Client, path: str, content: str) -> str:
    return str(api.post(path, json={"content": content}).json().get("content", ""))
