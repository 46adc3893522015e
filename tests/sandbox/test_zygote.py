"""The zygote and its line: births, deaths, and who goes with whom."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from plexichat_plugin_sdk._wire import WIRE_VERSION, control, framing
from plugin_runtime.sandbox import layers as layer
from plugin_runtime.sandbox.confinement import Confinement
from plugin_runtime.sandbox.plan import MIB, Terms, confinement_for, own_uid
from plugin_runtime.sandbox.probe import Probe
from plugin_runtime.sandbox.zygote.client import (
    Zygote,
    ZygoteFailed,
    ZygoteLine,
    start_zygote,
)

from .conftest import RUNNER, TIMEOUT_SECONDS, LockIn
from .test_escapes import PROJECT, WITHOUT_RIGHTS


def plan(folder: Path, layers: tuple[str, ...] = WITHOUT_RIGHTS) -> Confinement:
    terms = Terms(scratch=folder / "scratch", uid=own_uid(1), memory_bytes=64 * MIB)
    return confinement_for("tried", layers=layers, folders=[], terms=terms)


@asynccontextmanager
async def opened_line(layers: tuple[str, ...] = ()) -> AsyncIterator[ZygoteLine]:
    line = ZygoteLine(await asyncio.to_thread(start_zygote, layers=layers, runner=RUNNER))
    try:
        yield line
    finally:
        await line.stop()


def in_loop(world: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            await world()

    asyncio.run(bounded())


def first_word(line: socket.socket) -> control.ToSupervisor:
    framing.set_deadline(line, TIMEOUT_SECONDS)
    framed: framing.Framed[control.ToSupervisor] = framing.Framed(line, control.ToSupervisor)
    return framed.receive()


def wait_until_gone(pid: int) -> None:
    """Return when a process has ended; a zombie nobody has reaped yet counts as ended."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return
        if state == "Z":
            return
        os.sched_yield()
    raise AssertionError(f"process {pid} still lives")


def test_a_sandbox_reports_what_holds_before_anything_else(
    zygote: Zygote, lock_in: LockIn, machine: Probe
) -> None:
    held: list[str] = [name for name in layer.SELF_APPLIED if name in machine.layers]

    assert lock_in(zygote).said == control.Confined(WIRE_VERSION, held)


def test_spawn_and_exit_by_number(tmp_path: Path) -> None:
    async def world() -> None:
        async with opened_line() as line:
            ours, theirs = socket.socketpair()
            with ours, theirs:
                number = line.next_number()
                sandbox = await line.spawn(number, plan(tmp_path), theirs)
                theirs.close()
                assert isinstance(await asyncio.to_thread(first_word, ours), control.Confined)
                signal.pidfd_send_signal(sandbox.pidfd, signal.SIGKILL)
                exited = await line.exited()
            os.close(sandbox.pidfd)
            assert exited.number == number
            assert os.WTERMSIG(exited.wait_status) == signal.SIGKILL

    in_loop(world)


def test_an_exit_status_arrives(zygote: Zygote, lock_in: LockIn) -> None:
    locked = lock_in(zygote)
    locked.send([("leave", "os._exit(3)")])

    assert os.waitstatus_to_exitcode(locked.wait()) == 3


def test_what_cannot_be_applied_is_said_and_ends_the_sandbox(
    plain_zygote: Zygote, lock_in: LockIn
) -> None:
    locked = lock_in(plain_zygote, (layer.PID_NAMESPACE,))

    assert isinstance(locked.said, control.NotConfined)
    assert locked.said.layer == layer.PID_NAMESPACE
    assert "could not be applied" in locked.said.message
    assert os.waitstatus_to_exitcode(locked.wait()) == 70


def test_a_runner_that_does_not_exist_is_a_failed_start() -> None:
    with pytest.raises(ZygoteFailed, match="the zygote has gone"):
        start_zygote(runner="no.such.runner")


def test_stopping_ends_every_sandbox(tmp_path: Path, machine: Probe) -> None:
    pids: list[int] = []

    async def world() -> None:
        async with opened_line(machine.layers) as line:
            for number in range(3):
                ours, theirs = socket.socketpair()
                with ours, theirs:
                    confinement = plan(tmp_path / str(number), machine.layers)
                    sandbox = await line.spawn(line.next_number(), confinement, theirs)
                    theirs.close()
                    assert isinstance(await asyncio.to_thread(first_word, ours), control.Confined)
                os.close(sandbox.pidfd)
                pids.append(sandbox.pid)

    in_loop(world)

    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]


@pytest.mark.parametrize("kind", ["in_namespaces", "without"])
def test_a_killed_zygote_takes_its_sandboxes_along(
    tmp_path: Path, machine: Probe, kind: str
) -> None:
    layers = machine.layers if kind == "in_namespaces" else WITHOUT_RIGHTS

    async def world() -> None:
        async with opened_line(layers) as line:
            ours, theirs = socket.socketpair()
            with ours, theirs:
                sandbox = await line.spawn(line.next_number(), plan(tmp_path, layers), theirs)
                theirs.close()
                await asyncio.to_thread(first_word, ours)
                line.zygote.process.kill()
                with pytest.raises(ZygoteFailed):
                    await _all_ends(line)
            os.close(sandbox.pidfd)
            await asyncio.to_thread(wait_until_gone, sandbox.pid)

    in_loop(world)


async def _all_ends(line: ZygoteLine) -> None:
    while True:
        await line.exited()


SUPERVISOR = """
import asyncio, socket, sys
from pathlib import Path
from plugin_runtime.sandbox.plan import Terms, confinement_for
from plugin_runtime.sandbox.zygote.client import ZygoteLine, start_zygote

async def main():
    line = ZygoteLine(start_zygote(layers=sys.argv[2].split(","), runner="tests.sandbox.canary"))
    ours, theirs = socket.socketpair()
    terms = Terms(scratch=Path(sys.argv[1]) / "scratch", uid=0x70000001, memory_bytes=1 << 26)
    plan = confinement_for("x", layers=sys.argv[2].split(","), folders=[], terms=terms)
    sandbox = await line.spawn(1, plan, theirs)
    print(line.zygote.process.pid, sandbox.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


def test_a_killed_supervisor_takes_all_along(tmp_path: Path, machine: Probe) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, str(tmp_path), ",".join(machine.layers)],
        stdout=subprocess.PIPE,
        cwd=PROJECT,
        text=True,
    ) as supervisor:
        assert supervisor.stdout is not None
        pids = [int(word) for word in supervisor.stdout.readline().split()]
        assert all(Path(f"/proc/{pid}").exists() for pid in pids)
        supervisor.kill()

    for pid in pids:
        wait_until_gone(pid)


def test_nobody_else_can_be_asked_for_a_spawn_that_was_cancelled(tmp_path: Path) -> None:
    async def world() -> None:
        async with opened_line() as line:
            ours, theirs = socket.socketpair()
            with ours, theirs:
                unwanted = asyncio.create_task(line.spawn(1, plan(tmp_path / "a"), theirs))
                while line.is_idle:
                    await asyncio.sleep(0)
                unwanted.cancel()
                wanted = await line.spawn(2, plan(tmp_path / "b"), theirs)
                first_end = await line.exited()
            assert first_end.number == 1
            assert Path(f"/proc/{wanted.pid}").exists()
            os.close(wanted.pidfd)

    in_loop(world)


def test_the_scratch_folder_starts_empty(plain_zygote: Zygote, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "keep").touch()
    scratch.mkdir()
    (scratch / "old").touch()
    (scratch / "link").symlink_to(outside)

    async def world() -> None:
        async with opened_line() as line:
            ours, theirs = socket.socketpair()
            with ours, theirs:
                sandbox = await line.spawn(1, plan(tmp_path), theirs)
            os.close(sandbox.pidfd)

    in_loop(world)

    assert list(scratch.iterdir()) == []
    assert (outside / "keep").exists()
