"""`manage.py run` from outside: a real process, from its first start to its last trace."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from plexichat.bootstrap import ROOT
from tests.running import START_SECONDS, Host, furnish, is_gone
from tests.waiting import wait_for
from tests.workers import free_port, second_redis

pytestmark = pytest.mark.slow
STOP_SECONDS = 30


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
def running(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A host that is up, for tests that only ask."""
    folder = tmp_path_factory.mktemp("running")
    folder.chmod(0o711)
    given = {"PLEXICHAT_ADMIN_PASSWORD": "a-fine-long-one", **backends()}
    host = Host(furnish(folder / "home"), free_port(), **given)
    try:
        wait_for(host.is_healthy, seconds=START_SECONDS, what="health")
        yield host
    finally:
        host.end()


def backends() -> dict[str, str]:
    """The servers this round of tests was given, if any; on a Redis database of the host's own."""
    redis = os.environ.get("PLEXICHAT_REDIS_URL")
    if not redis:
        return {}
    return {
        "PLEXICHAT_REDIS_URL": second_redis(),
        "PLEXICHAT_DATABASE_URL": os.environ["PLEXICHAT_DATABASE_URL"],
        "PLEXICHAT_SECRET_KEY": os.environ["PLEXICHAT_SECRET_KEY"],
        "PLEXICHAT_ENCRYPTION_KEYS": os.environ["PLEXICHAT_ENCRYPTION_KEYS"],
    }


def test_a_first_start_shows_the_admins_password_once_and_it_works(
    start: Callable[..., Host],
) -> None:
    first = start()
    wait_for(first.is_healthy, seconds=START_SECONDS, what="health")
    wait_for(lambda: "shown this once" in first.said, seconds=5, what="the password")
    assert log_in(first, first.said.partition("password ")[2].split()[0]) == 200
    stops_without_a_trace(first, signal.SIGTERM)

    second = start()
    wait_for(second.is_healthy, seconds=START_SECONDS, what="health")
    assert "password" not in second.said
    stops_without_a_trace(second, signal.SIGINT)


def stops_without_a_trace(host: Host, number: int) -> None:
    family = host.family()
    assert len(family) > 1, "no sandbox was running, so nothing is proved"
    host.process.send_signal(number)
    assert host.process.wait(STOP_SECONDS) == 0, host.said
    wait_for(lambda: all(is_gone(pid) for pid in family), seconds=5, what=f"the end of {family}")
    assert "Traceback" not in host.said, host.said
    assert "Stopped." in host.said


def test_a_host_leaves_nothing_beside_its_home(running: Host) -> None:
    assert sorted(path.name for path in ROOT.glob("celerybeat*")) == []


def log_in(host: Host, password: str) -> int:
    login = {"username": "admin", "password": password}
    return httpx.post(f"{host.url}/api/v1/auth/login", json=login, timeout=10).status_code


def test_a_killed_host_leaves_no_sandbox(
    django_db_setup: None, start: Callable[..., Host], tmp_path: Path
) -> None:
    host = start(furnish(tmp_path / "home"))
    wait_for(host.is_healthy, seconds=START_SECONDS, what="health")
    family = host.family()
    assert len(family) > 1, "no sandbox was running, so nothing is proved"
    host.process.kill()
    host.process.wait()
    wait_for(lambda: all(is_gone(pid) for pid in family), seconds=10, what=f"the end of {family}")


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
