"""`manage.py run` from outside: a real process, from its first start to its last trace."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

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
        self.home = home
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
    """Start a host on the test's own home folder."""
    hosts: list[Host] = []

    def start_host(home: Path = tmp_path / "home", port: int | None = None) -> Host:
        hosts.append(Host(home, port or free_port()))
        return hosts[-1]

    tmp_path.chmod(0o711)
    yield start_host
    for host in hosts:
        host.end()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A host that is up, for tests that only ask."""
    folder = tmp_path_factory.mktemp("running")
    folder.chmod(0o711)
    given = {"PLEXICHAT_ADMIN_PASSWORD": "a-fine-long-one", **backends()}
    host = Host(folder / "home", free_port(), **given)
    try:
        until(host.is_healthy, START_SECONDS, "health")
        yield host
    finally:
        host.end()


def backends() -> dict[str, str]:
    """The servers this round of tests was given, if any; on a Redis database of the host's own."""
    redis = os.environ.get("PLEXICHAT_REDIS_URL")
    if not redis:
        return {}
    return {
        "PLEXICHAT_REDIS_URL": urlsplit(redis)._replace(path="/1").geturl(),
        "PLEXICHAT_DATABASE_URL": os.environ["PLEXICHAT_DATABASE_URL"],
        "PLEXICHAT_SECRET_KEY": os.environ["PLEXICHAT_SECRET_KEY"],
    }


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].startswith("Z")
    except OSError:
        return True


def test_a_first_start_shows_the_admins_password_once_and_it_works(
    start: Callable[..., Host],
) -> None:
    first = start()
    until(first.is_healthy, START_SECONDS, "health")
    said = until(lambda: "shown this once" in first.said and first.said, 5, "the password")
    assert log_in(first, said.partition("password ")[2].split()[0]) == 200
    stops_without_a_trace(first, signal.SIGTERM)

    second = start()
    until(second.is_healthy, START_SECONDS, "health")
    assert "password" not in second.said
    stops_without_a_trace(second, signal.SIGINT)


def stops_without_a_trace(host: Host, number: int) -> None:
    family = host.family()
    assert len(family) > 1, "no sandbox was running, so nothing is proved"
    host.process.send_signal(number)
    assert host.process.wait(STOP_SECONDS) == 0, host.said
    until(lambda: all(is_gone(pid) for pid in family), 5, f"the end of all of {family}")
    assert "Traceback" not in host.said, host.said
    assert "Stopped." in host.said


def test_a_host_leaves_nothing_beside_its_home(running: Host) -> None:
    assert sorted(path.name for path in ROOT.glob("celerybeat*")) == []


def log_in(host: Host, password: str) -> int:
    login = {"username": "admin", "password": password}
    return httpx.post(f"{host.url}/api/v1/auth/login", json=login, timeout=10).status_code


def test_a_killed_host_leaves_no_sandbox(start: Callable[..., Host]) -> None:
    host = start()
    until(host.is_healthy, START_SECONDS, "health")
    family = host.family()
    assert len(family) > 1, "no sandbox was running, so nothing is proved"
    host.process.kill()
    host.process.wait()
    until(lambda: all(is_gone(pid) for pid in family), 10, f"the end of all of {family}")


@pytest.mark.backends
def test_the_admins_password_may_be_given(running: Host) -> None:
    assert log_in(running, "a-fine-long-one") == 200
    assert log_in(running, "another") == 401
    assert "a-fine-long-one" not in running.said


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


def test_two_hosts_on_one_home_are_refused(running: Host, start: Callable[..., Host]) -> None:
    second = start(home=running.home)
    assert second.process.wait(START_SECONDS) != 0
    assert "already runs on" in second.said
    assert running.is_healthy()


@pytest.mark.backends
@pytest.mark.parametrize(
    "path",
    ["/admin/login/", "/static/admin/css/base.css", "/api/v1/docs", "/api/v1/schema"],
)
def test_what_anybody_may_see(running: Host, path: str) -> None:
    assert httpx.get(running.url + path, timeout=20).status_code == 200


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/metrics", "/secret-key"])
def test_what_is_not_there(running: Host, path: str) -> None:
    assert httpx.get(running.url + path, timeout=20).status_code == 404


def test_a_body_that_is_too_large_is_refused(running: Host) -> None:
    too_much = b"x" * (17 * 1024 * 1024)
    answer = httpx.post(f"{running.url}/api/v1/auth/login", content=too_much, timeout=20)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


def test_a_body_of_unknown_length_is_refused(running: Host) -> None:
    answer = httpx.post(f"{running.url}/api/v1/auth/login", content=iter([b"{}"]), timeout=20)
    assert (answer.status_code, answer.json()["code"]) == (411, "length_required")
