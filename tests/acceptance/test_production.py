"""Production as docs/operating.md arranges it: every part a process, on PostgreSQL and Redis."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
from environ import Env

from plexichat.bootstrap import ROOT
from tests.running import Host, free_port, is_gone
from tests.waiting import wait_for

pytestmark = [
    pytest.mark.slow,
    pytest.mark.backends,
    pytest.mark.skipif(
        not (os.environ.get("PLEXICHAT_DATABASE_URL") and os.environ.get("PLEXICHAT_REDIS_URL")),
        reason="needs PostgreSQL and Redis",
    ),
]
START_SECONDS = 90.0
STOP_SECONDS = 20.0
CELERY = "-m", "celery", "-A", "plexichat"


class Production:
    """The processes of one arrangement, by name, and what they say in a file each."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._folder = folder
        self.environment = environment
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        ports = [free_port(), free_port()]
        self.urls = [f"http://127.0.0.1:{port}" for port in ports]
        for number, port in enumerate(ports):
            self._start(f"web {number}", "manage.py", "serve", "--port", str(port))
        self._start("supervisor", "manage.py", "runplugins")
        self._start("worker", *CELERY, "worker", "--concurrency", "2")
        self._start("beat", *CELERY, "beat")

    def _start(self, name: str, *arguments: str) -> None:
        with self.said_by(name).open("wb") as said:
            self.processes[name] = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env=self.environment,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )

    def said_by(self, name: str) -> Path:
        return self._folder / f"{name}.txt"

    def is_healthy(self) -> bool:
        for name, process in self.processes.items():
            assert process.poll() is None, self.said_by(name).read_text()
        try:
            return all(
                httpx.get(f"{url}/healthz", timeout=5).status_code == 200 for url in self.urls
            )
        except httpx.HTTPError:
            return False

    def family(self) -> set[int]:
        """Every process that descends from ours."""
        families = [Host.family_of(process.pid) for process in self.processes.values()]
        return set().union(*families)

    def end(self) -> None:
        for process in self.processes.values():
            process.kill()
            process.wait()


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The one environment of all processes, with a database and a Redis of its own."""
    tmp_path.chmod(0o711)  # sandboxes with an own user must get through
    given, name = os.environ["PLEXICHAT_DATABASE_URL"], f"production_{uuid.uuid4().hex[:12]}"
    server = Env.db_url_config(given)
    connection = psycopg.connect(
        host=server["HOST"] or None,
        port=server["PORT"] or None,
        user=server["USER"],
        password=server["PASSWORD"] or None,
        dbname=server["NAME"],
        autocommit=True,
    )
    kept = {key: value for key, value in os.environ.items() if "PLEXICHAT" not in key}
    kept.pop("DJANGO_SETTINGS_MODULE", None)
    with connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield {
            **kept,
            "PLEXICHAT_NO_BOOTSTRAP": "1",
            "PLEXICHAT_HOME": str(tmp_path / "home"),
            "PLEXICHAT_SECRET_KEY": "one-for-all-processes-" + "x" * 40,
            "PLEXICHAT_DATABASE_URL": f"{given.rpartition('/')[0]}/{name}",
            "PLEXICHAT_REDIS_URL": urlsplit(os.environ["PLEXICHAT_REDIS_URL"])
            ._replace(path="/2")
            .geturl(),
        }
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def production(tmp_path: Path, environment: dict[str, str]) -> Iterator[Production]:
    install = "plugin install plugins/moderation --grant-all --allow-unsigned --enable"
    for words in ("migrate --verbosity 0", install):
        command = [sys.executable, "manage.py", *words.split()]
        subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    arranged = Production(tmp_path, environment)
    try:
        wait_for(arranged.is_healthy, seconds=START_SECONDS, what="health of every part")
        yield arranged
    finally:
        arranged.end()


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
