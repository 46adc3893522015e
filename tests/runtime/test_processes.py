"""The production arrangement: supervisor and gateway as processes of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from plexichat.bootstrap import ROOT
from plugin_runtime import board, conversations
from plugin_runtime.conversations import pool
from plugin_runtime.switchboard import client
from plugins_registry import services
from plugins_registry.models import Plugin
from tests.running import is_gone, on_this_database
from tests.waiting import wait_for

pytestmark = pytest.mark.backends
CODE = """
from plexichat_plugin_sdk import Plugin, endpoint
from plexichat_plugin_sdk.config import get_config
from plexichat_plugin_sdk.security import granted_capabilities


class Asks(Plugin):
    @endpoint("/api/v1/asks")
    def ask(self, request):
        return get_config(self.name, {"greeting": "none"})

    @endpoint("/api/v1/asks/granted")
    def granted(self, request):
        return granted_capabilities()
"""


def start(home: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "django", "runplugins"],
        cwd=ROOT,
        env={**os.environ, **on_this_database(home)},
        stdout=subprocess.PIPE,
        text=True,
    )


def children_of(pid: int) -> dict[str, int]:
    """The command lines of a process's children, each with its pid."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(") ")[2].split()[1])
            words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if parent == pid:
            found[words] = int(folder.name)
    return found


@pytest.fixture
def supervisor(
    transactional_db: None, home: Path, tmp_path: Path
) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Starts `runplugins` processes; none is left afterwards."""
    started: list[subprocess.Popen[str]] = []

    def start_one() -> subprocess.Popen[str]:
        started.append(start(home))
        wait_for(client.is_answering, seconds=30, what="the supervisor's answer")
        return started[-1]

    folder = tmp_path / "asks"
    folder.mkdir()
    manifest = 'plugin: {name: asks, version: "1.0"}\npermissions: {optional: [message_send]}\n'
    (folder / "plugin.yaml").write_text(manifest)
    (folder / "plugin.py").write_text(CODE)
    services.install(folder, allow_unsigned=True, grant_all=True)
    services.configure("asks", {"greeting": "hello"})
    services.enable("asks")
    yield start_one
    for process in started:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
    client.desk.forget()
    pool.forget_all()
    board.forget()


def ask(path: str = "/api/v1/asks") -> Any:
    request: dict[str, Any] = {"user_id": "u", "method": "GET", "path": path, "path_params": {}}
    request |= {"params": {}, "headers": {}, "body": None, "files": {}}
    target = f"GET {path}"
    return conversations.call("asks", "endpoint", target, request, deadline_ms=10_000)[2]


def is_active() -> bool:
    return Plugin.objects.get(name="asks").state == "active"


def test_a_plugin_asks_the_gateway_process(supervisor: Callable[[], Any]) -> None:
    supervisor()
    wait_for(is_active, what="active")

    assert ask() == {"greeting": "hello"}


def test_grants_reach_the_gateway_process_before_they_are_settled(
    supervisor: Callable[[], Any],
) -> None:
    supervisor()
    wait_for(is_active, what="active")
    path = "/api/v1/asks/granted"
    assert ask(path) == ["message_send"]

    for _ in range(5):
        services.revoke("asks", ["message_send"])
        client.settle()
        assert ask(path) == []
        services.grant("asks", ["message_send"])
        client.settle()
        assert ask(path) == ["message_send"]


def test_a_killed_gateway_is_replaced(supervisor: Callable[[], subprocess.Popen[str]]) -> None:
    process = supervisor()
    wait_for(is_active, what="active")
    gateways = [pid for words, pid in children_of(process.pid).items() if "rungateway" in words]

    os.kill(gateways[0], signal.SIGKILL)

    wait_for(lambda: _answers({"greeting": "hello"}), seconds=30, what="an answer")


def _answers(expected: Any) -> bool:
    try:
        return bool(ask() == expected)
    except Exception:
        return False


def test_a_killed_supervisor_takes_its_children_along_and_a_new_one_brings_them_back(
    supervisor: Callable[[], subprocess.Popen[str]],
) -> None:
    first = supervisor()
    wait_for(is_active, what="active")
    ask()
    family = list(children_of(first.pid).values())
    sandboxes = [pid for parent in family for pid in children_of(parent).values()]
    assert sandboxes, "no sandbox was running, so nothing is proved"

    first.kill()
    first.wait()

    wait_for(lambda: all(is_gone(pid) for pid in family + sandboxes), what="their end")
    supervisor()
    assert wait_for(lambda: _answers({"greeting": "hello"}), seconds=30, what="an answer")


def test_a_stopped_supervisor_ends_in_order(
    supervisor: Callable[[], subprocess.Popen[str]],
) -> None:
    process = supervisor()
    wait_for(is_active, what="active")
    family = list(children_of(process.pid).values())

    process.terminate()

    assert process.wait(20) == 0
    assert all(is_gone(pid) for pid in family)
    assert process.stdout is not None
    assert "level" in process.stdout.read()
    assert Plugin.objects.get(name="asks").state == "stopped"
