"""Nobody gets out: every attempt of the corpus fails in a sandbox and works outside."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

import plugin_runtime
from plugin_runtime.sandbox import layers as layer
from plugin_runtime.sandbox.probe import Probe
from plugin_runtime.sandbox.zygote.client import Zygote

from .conftest import Locked, LockIn
from .corpus import ATTEMPTS, Attempt
from .honest import HONEST

PROJECT = Path(plugin_runtime.__file__).resolve().parents[1]
#: What a container without any rights can have.
WITHOUT_RIGHTS = (layer.RLIMITS, layer.NO_NEW_PRIVS, layer.LANDLOCK, layer.SECCOMP)


@pytest.fixture
def facts(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """A host with a secret, an open door on the network, and folders that anybody may use."""
    open_folder = tmp_path / "open"
    open_folder.mkdir()
    for name in ("x", "y"):
        (open_folder / name).write_text(name)
    for name in ("secret", "victim"):
        (tmp_path / name).write_text(name)
        (tmp_path / name).chmod(0o666)
    open_folder.chmod(0o777)
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        tempfile.TemporaryDirectory() as short_folder,
        _mailbox(Path(short_folder)) as mailbox,
    ):
        yield {
            "secret": str(tmp_path / "secret"),
            "victim": str(tmp_path / "victim"),
            "open_folder": str(open_folder),
            "project_file": str(PROJECT / "manage.py"),
            "pid": os.getpid(),
            "port": server.getsockname()[1],
            "address": mailbox.getsockname(),
        }


def _mailbox(folder: Path) -> socket.socket:
    """Return a datagram socket that anybody may send to, as a system log has."""
    folder.chmod(0o755)
    mailbox = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    mailbox.bind(str(folder / "mailbox"))
    (folder / "mailbox").chmod(0o777)
    return mailbox


def test_nobody_gets_out_of_everything_that_holds_here(
    zygote: Zygote, lock_in: LockIn, facts: dict[str, Any], machine: Probe
) -> None:
    escaped = _escaped(lock_in(zygote), ATTEMPTS, facts)

    if layer.MOUNT_NAMESPACE not in machine.layers:
        escaped -= _names(attempt for attempt in ATTEMPTS if attempt.needs_private_root)
    assert escaped == set()


def test_nobody_gets_out_without_namespaces_and_own_user(
    plain_zygote: Zygote, lock_in: LockIn, facts: dict[str, Any]
) -> None:
    escaped = _escaped(lock_in(plain_zygote, WITHOUT_RIGHTS), ATTEMPTS, facts)

    assert escaped == _names(attempt for attempt in ATTEMPTS if attempt.needs_private_root)


def test_each_attempt_works_outside(tmp_path: Path, facts: dict[str, Any]) -> None:
    is_root = os.geteuid() == 0
    attempts = [attempt for attempt in ATTEMPTS if is_root or not attempt.needs_root]

    outcomes = _unconfined(attempts, facts, tmp_path)

    assert {name: outcome for name, outcome in outcomes.items() if outcome != "done"} == {}


@pytest.mark.parametrize("kind", ["all_layers", "without_rights"])
def test_honest_code_runs_inside(
    zygote: Zygote, plain_zygote: Zygote, lock_in: LockIn, kind: str
) -> None:
    locked = lock_in(zygote) if kind == "all_layers" else lock_in(plain_zygote, WITHOUT_RIGHTS)

    locked.send(list(HONEST.items()))

    outcomes = locked.receive()
    assert {name: outcome for name, outcome in outcomes.items() if outcome != "done"} == {}
    assert locked.wait() == 0


def _escaped(locked: Locked, attempts: Sequence[Attempt], facts: dict[str, Any]) -> set[str]:
    locked.send([(attempt.name, attempt.text) for attempt in attempts], facts)
    outcomes = locked.receive()
    assert set(outcomes) == _names(attempts)
    assert locked.wait() == 0
    return {name for name, outcome in outcomes.items() if outcome == "done"}


def _names(attempts: Any) -> set[str]:
    return {attempt.name for attempt in attempts}


def _unconfined(attempts: Sequence[Attempt], facts: dict[str, Any], folder: Path) -> dict[str, str]:
    request = {"facts": facts, "cases": [(attempt.name, attempt.text) for attempt in attempts]}
    finished = subprocess.run(
        [sys.executable, "-m", "tests.sandbox.canary"],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
        env={"PYTHONPATH": str(PROJECT)},
        start_new_session=True,
        timeout=60,
    )
    outcomes: dict[str, str] = json.loads(finished.stdout)
    return outcomes
