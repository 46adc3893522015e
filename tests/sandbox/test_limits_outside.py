"""Limits from outside: groups, watches, and the words for an end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from plugin_runtime.sandbox import layers as layer
from plugin_runtime.sandbox.limits import watch
from plugin_runtime.sandbox.limits.cgroup import CgroupFactory
from plugin_runtime.sandbox.limits.exits import explain_exit, quantity
from plugin_runtime.sandbox.limits.watch import CpuDutyCycle, DiskWatch, MemoryWatch
from plugin_runtime.sandbox.plan import MIB, Terms
from plugin_runtime.sandbox.scratch import fresh_scratch

from .conftest import TIMEOUT_SECONDS

TERMS = Terms(scratch=Path("/scratch"), uid=1, memory_bytes=256 * MIB)
#: Says so on standard output when it has done what it does, then waits for its input to end.
PROGRAMS = {
    "quiet": "print(1, flush=True); input()",
    "busy": "print(1, flush=True)\nwhile True: pass",
    "full": "kept = b'x' * (64 << 20); print(1, flush=True); input()",
}


class Process:
    """A child that has reached its state, with a pidfd."""

    def __init__(self, text: str) -> None:
        self.popen = subprocess.Popen(
            [sys.executable, "-I", "-c", text], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self.popen.stdout is not None
        self.popen.stdout.readline()
        self.pid = self.popen.pid
        self.pidfd = os.pidfd_open(self.pid)

    def state(self) -> str:
        return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]

    def end(self) -> None:
        self.popen.kill()
        self.popen.communicate()
        os.close(self.pidfd)


@pytest.fixture
def started() -> Iterator[Callable[[str], Process]]:
    processes: list[Process] = []

    def start(program: str) -> Process:
        processes.append(Process(PROGRAMS[program]))
        return processes[-1]

    yield start
    for process in processes:
        process.end()


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        os.sched_yield()


def test_the_memory_watch_kills_above_the_limit(started: Callable[[str], Process]) -> None:
    process = started("full")
    looking = MemoryWatch(process.pid, process.pidfd, memory_bytes=32 * MIB, threads=8)

    assert looking.tick(1.0) == watch.MEMORY
    assert process.popen.wait(TIMEOUT_SECONDS) == -signal.SIGKILL


def test_the_memory_watch_leaves_alone_what_is_within(started: Callable[[str], Process]) -> None:
    process = started("full")
    looking = MemoryWatch(process.pid, process.pidfd, memory_bytes=128 * MIB, threads=8)

    assert looking.tick(1.0) is None
    assert process.popen.poll() is None


def test_the_memory_watch_counts_threads(started: Callable[[str], Process]) -> None:
    process = started("quiet")

    assert (
        MemoryWatch(process.pid, process.pidfd, memory_bytes=MIB * 999, threads=0).tick(1.0)
        == watch.THREADS
    )


def test_a_watch_looks_only_when_it_is_due(started: Callable[[str], Process]) -> None:
    process = started("quiet")
    looking = MemoryWatch(process.pid, process.pidfd, memory_bytes=999 * MIB, threads=8)
    looking.tick(1.0)
    looking._memory_kib = 1

    assert looking.tick(1.05) is None
    assert looking.tick(1.2) == watch.MEMORY


def test_watches_are_silent_about_the_dead(
    started: Callable[[str], Process], tmp_path: Path
) -> None:
    process = started("quiet")
    process.popen.communicate()

    assert MemoryWatch(process.pid, process.pidfd, memory_bytes=1, threads=0).tick(1.0) is None
    assert CpuDutyCycle(process.pid, process.pidfd, cpu_millicores=1).tick(1.0) is None
    assert DiskWatch(tmp_path / "gone", process.pidfd, limit_bytes=0).tick(1.0) is None


def test_the_duty_cycle_pauses_and_resumes(started: Callable[[str], Process]) -> None:
    process = started("busy")
    duty = CpuDutyCycle(process.pid, process.pidfd, cpu_millicores=10)
    duty.tick(0.0)

    def pauses() -> bool:
        duty.tick(0.001)
        return duty.is_paused

    wait_for(pauses)
    wait_for(lambda: process.state() == "T")
    duty.tick(1000.0)

    assert not duty.is_paused
    wait_for(lambda: process.state() == "R")


def test_the_duty_cycle_repeats_a_pause_that_did_not_hold(
    started: Callable[[str], Process],
) -> None:
    process = started("busy")
    duty = CpuDutyCycle(process.pid, process.pidfd, cpu_millicores=1)
    duty.tick(0.0)
    wait_for(lambda: duty.tick(0.001) is None and duty.is_paused)
    wait_for(lambda: process.state() == "T")

    signal.pidfd_send_signal(process.pidfd, signal.SIGCONT)
    wait_for(lambda: process.state() == "R")

    def pauses() -> bool:
        duty.tick(0.002)
        return process.state() == "T"

    wait_for(pauses)


def test_the_duty_cycle_lets_go_when_released(started: Callable[[str], Process]) -> None:
    process = started("busy")
    duty = CpuDutyCycle(process.pid, process.pidfd, cpu_millicores=1)
    duty.tick(0.0)
    wait_for(lambda: duty.tick(0.001) is None and duty.is_paused)

    duty.release()

    wait_for(lambda: process.state() == "R")


def test_a_quiet_process_is_never_paused(started: Callable[[str], Process]) -> None:
    process = started("quiet")
    duty = CpuDutyCycle(process.pid, process.pidfd, cpu_millicores=1)
    for moment in range(5):
        duty.tick(float(moment))

    assert not duty.is_paused


def test_the_disk_watch_counts_what_lies_below(
    started: Callable[[str], Process], tmp_path: Path
) -> None:
    process = started("quiet")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "large").write_bytes(bytes(2 * MIB))
    (tmp_path / "link").symlink_to("/")

    assert DiskWatch(tmp_path, process.pidfd, limit_bytes=4 * MIB).tick(1.0) is None
    assert DiskWatch(tmp_path, process.pidfd, limit_bytes=1 * MIB).tick(1.0) == watch.DISK
    assert process.popen.wait(TIMEOUT_SECONDS) == -signal.SIGKILL


def test_a_folder_too_deep_to_look_into_is_too_much(
    started: Callable[[str], Process], tmp_path: Path
) -> None:
    with contextlib.chdir(tmp_path):
        for _ in range(30):
            os.mkdir("d" * 200)
            os.chdir("d" * 200)

    looking = DiskWatch(tmp_path, started("quiet").pidfd, limit_bytes=999 * MIB)

    assert looking.tick(1.0) == watch.HIDDEN
    fresh_scratch(tmp_path)  # pytest's own way to clean up would fail


@pytest.mark.parametrize("way_in", ["scandir", "stat"])
def test_a_folder_that_is_closed_to_us_is_too_much(
    started: Callable[[str], Process],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    way_in: str,
) -> None:
    def closed(*_: object, **__: object) -> None:
        raise PermissionError

    (tmp_path / "file").touch()
    if way_in == "scandir":
        monkeypatch.setattr(os, "scandir", closed)
    else:
        entry = SimpleNamespace(stat=closed)
        monkeypatch.setattr(watch, "_entries", lambda folder: [entry])

    looking = DiskWatch(tmp_path, started("quiet").pidfd, limit_bytes=999 * MIB)

    assert looking.tick(1.0) == watch.HIDDEN


def test_a_long_look_is_seldom(
    started: Callable[[str], Process], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter([10.0, 10.5])
    looking = DiskWatch(tmp_path, started("quiet").pidfd, limit_bytes=0)
    monkeypatch.setattr(time, "monotonic", lambda: next(times))

    assert looking.tick(1.0) is None

    monkeypatch.undo()
    (tmp_path / "file").write_text("x")
    assert looking.tick(10.0) is None
    assert looking.tick(12.0) == watch.DISK


def test_too_many_entries_are_too_much(
    started: Callable[[str], Process], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "_MOST_ENTRIES", 5)
    for number in range(7):
        (tmp_path / str(number)).touch()

    looking = DiskWatch(tmp_path, started("quiet").pidfd, limit_bytes=999 * MIB)

    assert looking.tick(1.0) == watch.DISK


@pytest.fixture
def factory() -> CgroupFactory:
    found = CgroupFactory.probe()
    if found is None:
        pytest.skip("control groups cannot be made here")
    return found


def test_a_group_takes_a_process_in_and_counts(
    factory: CgroupFactory, started: Callable[[str], Process]
) -> None:
    group = factory.create("tried", cpu_millicores=500, memory_bytes=64 * MIB, pids=16)
    try:
        process = started("quiet")
        group.add(process.pid)

        paths = Path(f"/proc/{process.pid}/cgroup").read_text()
        assert f"plexichat.{os.getpid()}." in paths
        assert group.usage().memory_bytes >= 0
        assert not group.oom_killed()
        process.popen.communicate()
    finally:
        group.remove()
    assert not [folder for folder in _folders(factory) if folder.name.endswith(".tried")]


def test_a_group_refuses_the_dead(factory: CgroupFactory) -> None:
    group = factory.create("tried", cpu_millicores=500, memory_bytes=64 * MIB, pids=16)
    try:
        with pytest.raises(OSError, match=r"No such process|Invalid argument"):
            group.add(-1)
    finally:
        group.remove()


def test_leftovers_of_the_dead_are_removed_and_of_the_living_kept(factory: CgroupFactory) -> None:
    base = next(iter(factory._bases.values()))
    dead = base / "plexichat.999999999.1.old"
    dead.mkdir()
    alive = factory.create("alive", cpu_millicores=500, memory_bytes=64 * MIB, pids=16)
    try:
        CgroupFactory.probe()

        assert not dead.exists()
        assert any(folder.name.endswith(".alive") for folder in _folders(factory))
    finally:
        alive.remove()


def _folders(factory: CgroupFactory) -> list[Path]:
    return [folder for base in factory._bases.values() for folder in base.glob("plexichat.*")]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A version 2 tree on paper: files take what is written, as the kernel's would."""
    base = tmp_path / "tree" / "user" / "plexichat.service"
    base.mkdir(parents=True)
    (base / "cgroup.controllers").write_text("cpu memory pids")
    (base / "cgroup.subtree_control").write_text("")
    (base / "cgroup.procs").write_text(f"{os.getpid()}\n")
    (tmp_path / "cgroup").write_text("0::/user/plexichat.service\n")
    (tmp_path / "mounts").write_text(f"cgroup2 {tmp_path / 'tree'} cgroup2 rw 0 0\n")
    return base


def test_version_2_moves_aside_and_hands_controllers_down(tree: Path, tmp_path: Path) -> None:
    found = CgroupFactory.probe(tmp_path)

    assert found is not None
    assert found.layers == {layer.CGROUP_MEMORY, layer.CGROUP_CPU, layer.CGROUP_PIDS}
    assert (tree / "cgroup.subtree_control").read_text() == "+cpu +memory +pids"
    assert (tree / "plexichat-host" / "cgroup.procs").read_text() == str(os.getpid())


def test_version_2_takes_its_children_aside(
    tree: Path, tmp_path: Path, started: Callable[[str], Process]
) -> None:
    child = started("quiet").pid
    (tree / "cgroup.procs").write_text(f"{os.getpid()}\n{child}\n")

    assert CgroupFactory.probe(tmp_path) is not None
    # On paper the last writer stays; the kernel moves each.
    assert (tree / "plexichat-host" / "cgroup.procs").read_text() == str(child)


def test_version_2_does_not_move_aside_twice(tree: Path, tmp_path: Path) -> None:
    CgroupFactory.probe(tmp_path)
    (tmp_path / "cgroup").write_text("0::/user/plexichat.service/plexichat-host\n")
    (tree / "cgroup.subtree_control").write_text("cpu memory pids")

    assert CgroupFactory.probe(tmp_path) is not None
    assert not (tree / "plexichat-host" / "plexichat-host").exists()


def test_version_2_gets_one_folder_with_all_limits(tree: Path, tmp_path: Path) -> None:
    found = CgroupFactory.probe(tmp_path)
    assert found is not None

    group = found.create("tried", cpu_millicores=250, memory_bytes=64 * MIB, pids=9)
    group.add(4711)

    (folder,) = tree.glob("plexichat.*.tried")
    written = {file.name: file.read_text() for file in folder.iterdir()}
    assert written == {
        "memory.max": str(64 * MIB),
        "cpu.max": "25000 100000",
        "pids.max": "9",
        "cgroup.procs": "4711",
    }
    (folder / "memory.events").write_text("oom 1\noom_kill 1\n")
    (folder / "memory.current").write_text("4096\n")
    (folder / "cpu.stat").write_text("usage_usec 1500000\n")
    assert group.oom_killed()
    assert (group.usage().memory_bytes, group.usage().cpu_seconds) == (4096, 1.5)


def test_version_2_leaves_a_group_of_others_alone(tree: Path, tmp_path: Path) -> None:
    (tree / "cgroup.procs").write_text(f"1\n{os.getpid()}\n")
    (tree / "cgroup.subtree_control").unlink()
    (tree / "cgroup.subtree_control").mkdir()  # a write fails, as EBUSY does

    assert CgroupFactory.probe(tmp_path) is None
    assert not (tree / "plexichat-host").exists()


def test_no_tree_no_groups(tmp_path: Path) -> None:
    assert CgroupFactory.probe(tmp_path) is None


EXITS = {
    "group": (signal.SIGKILL, True, None, "stopped: memory limit 256Mi reached"),
    "memory": (signal.SIGKILL, False, watch.MEMORY, "stopped: memory limit 256Mi reached"),
    "disk": (signal.SIGKILL, False, watch.DISK, "stopped: disk limit 64Mi of its scratch"),
    "threads": (signal.SIGKILL, False, watch.THREADS, "stopped: limit of 64 threads reached"),
    "fault": (signal.SIGSEGV, False, None, "crashed with signal SIGSEGV"),
    "foreign_call": (signal.SIGSYS, False, None, "a system call of a foreign kind"),
    "killed": (signal.SIGKILL, False, None, "killed from outside (SIGKILL)"),
    "real_time": (40, False, None, "crashed with signal number 40"),
    "status": (3 << 8, False, None, "exited by itself with status 3"),
}


@pytest.mark.parametrize(("status", "oom", "seen", "words"), EXITS.values(), ids=EXITS)
def test_an_end_has_words(status: int, oom: bool, seen: str | None, words: str) -> None:
    assert words in explain_exit(int(status), oom=oom, watch=seen, terms=TERMS)


def test_quantities_read_as_in_manifests() -> None:
    sizes = (1 << 30, 256 * MIB, 1536, 1500, 0)
    assert [quantity(size) for size in sizes] == ["1Gi", "256Mi", "1536", "1500", "0"]
