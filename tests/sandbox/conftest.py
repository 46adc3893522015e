"""Worlds for the sandbox tests: a probed machine, a zygote, and sandboxes to try things in."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from plexichat_plugin_sdk._wire import control, framing
from plugin_runtime.sandbox import layers as layer
from plugin_runtime.sandbox.plan import MIB, Terms, confinement_for, own_uid
from plugin_runtime.sandbox.probe import Probe, probe
from plugin_runtime.sandbox.scratch import fresh_scratch
from plugin_runtime.sandbox.zygote.client import (
    Sandbox,
    Zygote,
    pid_of,
    receive_record,
    send_spawn,
    start_zygote,
)
from plugin_runtime.sandbox.zygote.protocol import Exited, Spawn, Spawned

RUNNER = "tests.sandbox.canary"
TIMEOUT_SECONDS = 20.0


@pytest.fixture(scope="session", autouse=True)
def _linux_only() -> None:
    if sys.platform != "linux":
        pytest.skip("sandboxes need Linux")


@pytest.fixture(scope="session")
def machine() -> Probe:
    found = probe()
    if layer.SECCOMP not in found.layers:
        pytest.skip(f"this machine confines nothing: {found.notes}")
    return found


@pytest.fixture(scope="session")
def zygote(machine: Probe) -> Iterator[Zygote]:
    started = start_zygote(layers=machine.layers, runner=RUNNER)
    yield started
    started.stop()


@pytest.fixture(scope="session")
def plain_zygote() -> Iterator[Zygote]:
    """One that has entered no namespace, as in a container."""
    started = start_zygote(runner=RUNNER)
    yield started
    started.stop()


@dataclass
class Locked:
    """One sandbox that waits to be told what to try."""

    zygote: Zygote
    sandbox: Sandbox
    line: framing.Framed[control.ToSupervisor]
    terms: Terms
    said: control.ToSupervisor
    has_ended: bool = False

    def send(self, cases: Sequence[tuple[str, str]], facts: dict[str, Any] | None = None) -> None:
        request = {"cases": cases, "facts": facts or {}}
        self.line.socket.sendall(json.dumps(request).encode() + b"\n")

    def receive(self) -> dict[str, Any]:
        answer = self.line.socket.makefile("rb").readline()
        assert answer, "the sandbox ended instead of answering"
        outcomes: dict[str, Any] = json.loads(answer)
        return outcomes

    def run(self, text: str, **facts: Any) -> Any:
        self.send([("it", text)], facts)
        return self.receive()["it"]

    def wait(self) -> int:
        """Return how it ended."""
        self.zygote.connection.settimeout(TIMEOUT_SECONDS)
        record, _ = receive_record(self.zygote.connection)
        assert isinstance(record, Exited)
        self.has_ended = True
        return record.wait_status

    def clear_away(self) -> None:
        """End it and hear of its end, so that the next test's zygote has nothing left to say."""
        if not self.has_ended:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.sandbox.pidfd, signal.SIGKILL)
            self.wait()
        self.line.close()
        os.close(self.sandbox.pidfd)


LockIn = Callable[..., Locked]


@pytest.fixture
def lock_in(tmp_path: Path, machine: Probe) -> Iterator[LockIn]:
    """Return a function that starts a sandbox; all end with the test."""
    started: list[Locked] = []

    def start(using: Zygote, layers: Sequence[str] = machine.layers, **terms: Any) -> Locked:
        scratch = _open_up(tmp_path) / f"scratch-{len(started)}"
        fresh_scratch(scratch)
        usual = Terms(scratch=scratch, uid=own_uid(len(started)), memory_bytes=128 * MIB)
        agreed = dataclasses.replace(usual, **terms)
        locked = _spawn(using, layers, agreed)
        started.append(locked)
        return locked

    yield start
    for locked in started:
        locked.clear_away()


def _spawn(using: Zygote, layers: Sequence[str], terms: Terms) -> Locked:
    confinement = confinement_for("tried", layers=layers, folders=[], terms=terms)
    ours, theirs = socket.socketpair()
    using.connection.settimeout(TIMEOUT_SECONDS)
    with theirs:
        send_spawn(using.connection, Spawn(1, confinement), theirs)
    record, pidfd = receive_record(using.connection)
    assert isinstance(record, Spawned)
    framing.set_deadline(ours, TIMEOUT_SECONDS)
    line: framing.Framed[control.ToSupervisor] = framing.Framed(ours, control.ToSupervisor)
    return Locked(using, Sandbox(pid_of(pidfd), pidfd), line, terms, line.receive())


def _open_up(folder: Path) -> Path:
    """Let other users through to a test's folder, so that only the sandbox stands in the way."""
    for parent in (folder, *folder.parents[:2]):
        parent.chmod(0o755)
    return folder
