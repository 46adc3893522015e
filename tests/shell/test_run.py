"""`manage.py run` from outside: a real process, from its first start to its last trace."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from plexichat.bootstrap import ROOT

pytestmark = pytest.mark.slow
#: A first start on a busy machine.
START_SECONDS = 60
STOP_SECONDS = 30


def until(condition: Callable[[], Any], seconds: float, what: str) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    return pytest.fail(f"{what} did not happen within {seconds} s")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Host:
    """One `manage.py run` in a session of its own, with all it says in a file."""

    def __init__(self, home: Path, port: int, **environment: str) -> None:
        self.log = home.parent / f"said-{port}-{time.monotonic_ns()}.txt"
        self.url = f"http://127.0.0.1:{port}"
        plain = {name: value for name, value in os.environ.items() if "PLEXICHAT" not in name}
        plain.pop("DJANGO_SETTINGS_MODULE", None)
        with self.log.open("wb") as said:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "run"],
                cwd=ROOT,
                env={
                    **plain,
                    "PLEXICHAT_HOME": str(home),
                    "PLEXICHAT_NO_BOOTSTRAP": "1",
                    "PORT": str(port),
                    **environment,
                },
                stdout=said,
                stderr=said,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def is_healthy(self) -> bool:
        assert self.process.poll() is None, self.said
        try:
            return httpx.get(f"{self.url}/healthz", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    def family(self) -> set[int]:
        """All living processes that descend from this one, whatever session they moved to."""
        children: dict[int, list[int]] = {}
        for entry in Path("/proc").glob("[0-9]*/stat"):
            try:
                pid, _, rest = entry.read_text().partition(" (")
            except OSError:
                continue  # it ended just now
            parent = int(rest.rpartition(") ")[2].split()[1])
            children.setdefault(parent, []).append(int(pid))
        found, waiting = set(), [self.process.pid]
        while waiting:
            found.add(current := waiting.pop())
            waiting += children.get(current, [])
        return found

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Host]]:
    hosts: list[Host] = []

    def start_host(home: str = "home", port: int | None = None, **environment: str) -> Host:
        hosts.append(Host(tmp_path / home, port or free_port(), **environment))
        return hosts[-1]

    tmp_path.chmod(0o711)
    yield start_host
    for host in hosts:
        host.end()


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].startswith("Z")
    except OSError:
        return True


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_a_stop_leaves_no_process(start: Callable[..., Host], number: int) -> None:
    host = start()
    until(host.is_healthy, START_SECONDS, "health")
    family = host.family()
    assert len(family) > 1, "no sandbox was running, so nothing is proved"
    host.process.send_signal(number)
    assert host.process.wait(STOP_SECONDS) == 0, host.said
    until(lambda: all(is_gone(pid) for pid in family), 5, f"the end of all of {family}")
    assert "Traceback" not in host.said, host.said


def test_a_first_start_shows_the_admins_password_once_and_it_works(
    start: Callable[..., Host],
) -> None:
    first = start()
    until(first.is_healthy, START_SECONDS, "health")
    said = until(lambda: "shown this once" in first.said and first.said, 5, "the password")
    password = said.partition("password ")[2].split()[0]
    login = {"username": "admin", "password": password}
    answer = httpx.post(f"{first.url}/api/v1/auth/login", json=login, timeout=10)
    assert answer.status_code == 200, answer.text
    first.process.terminate()
    assert first.process.wait(STOP_SECONDS) == 0

    second = start()
    until(second.is_healthy, START_SECONDS, "health")
    assert "password" not in second.said


def test_the_admins_password_may_be_given(start: Callable[..., Host]) -> None:
    host = start(PLEXICHAT_ADMIN_PASSWORD="a-fine-long-one")
    until(host.is_healthy, START_SECONDS, "health")
    login = {"username": "admin", "password": "a-fine-long-one"}
    answer = httpx.post(f"{host.url}/api/v1/auth/login", json=login, timeout=10)
    assert answer.status_code == 200, answer.text
    assert "a-fine-long-one" not in host.said


def test_a_taken_port_is_said_before_anything_is_made(
    start: Callable[..., Host], tmp_path: Path
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        host = start(port=other.getsockname()[1])
        assert host.process.wait(START_SECONDS) != 0
    assert "cannot listen on 127.0.0.1" in host.said
    assert "choose another port" in host.said
    assert not (tmp_path / "home" / "plexichat.sqlite3").exists()


def test_two_hosts_on_one_home_are_refused(start: Callable[..., Host]) -> None:
    first = start()
    until(first.is_healthy, START_SECONDS, "health")
    second = start()
    assert second.process.wait(START_SECONDS) != 0
    assert "already runs on" in second.said
    assert first.is_healthy()


def test_what_is_served_from_the_start(start: Callable[..., Host]) -> None:
    host = start()
    until(host.is_healthy, START_SECONDS, "health")
    with httpx.Client(base_url=host.url, timeout=20) as client:
        assert client.get("/admin/login/").status_code == 200
        assert client.get("/static/admin/css/base.css").status_code == 200
        assert client.get("/api/v1/docs").status_code == 200
        paths = client.get("/api/v1/schema", params={"format": "json"}).text
        assert "/api/v1/channels" in paths
        too_large = client.post("/api/v1/auth/login", content=b"x" * (17 * 1024 * 1024))
        assert too_large.status_code == 413
        assert json.loads(too_large.text)["code"] == "body_too_large"
        assert client.get("/api/v1/nothing").status_code == 404
        assert client.get("/metrics").status_code == 404
