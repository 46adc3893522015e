"""What a sandbox cannot use up, whatever it tries."""

from __future__ import annotations

import os
import platform
import select
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest

from plugin_runtime.sandbox import layers as layer
from plugin_runtime.sandbox.limits.enforcement import Enforcement, Shares, enforce
from plugin_runtime.sandbox.limits.watch import TICK_SECONDS
from plugin_runtime.sandbox.plan import MIB
from plugin_runtime.sandbox.probe import Probe
from plugin_runtime.sandbox.zygote.client import Zygote

from .conftest import TIMEOUT_SECONDS, Locked, LockIn
from .test_escapes import WITHOUT_RIGHTS

EATS_MEMORY = "kept = []\nwhile True: kept.append(bytes(b'x') * (1 << 20))"
FILLS_DISK = """
written = 0
try:
    for number in range(1000):
        with open(f'full-{number}', 'wb') as file:
            written += file.write(bytes(1 << 20))
except OSError as error:
    answer = [written, error.errno]
"""
OPENS_FILES = """
files = []
try:
    while True: files.append(os.dup(0))
except OSError: answer = len(files)
"""
STARTS_THREADS = """
import threading
stop, count = threading.Event(), 0
try:
    while True:
        threading.Thread(target=stop.wait).start()
        count += 1
except RuntimeError:
    answer = count
stop.set()
"""
CALLS_X32 = """
import ctypes
answer = ctypes.CDLL(None).syscall(ctypes.c_long(0x40000000 | 39))
"""
CALLS_32_BIT = """
import ctypes, mmap
code = mmap.mmap(-1, 4096, flags=0x22, prot=7)
code.write(bytes.fromhex('b814000000cd80c3'))
answer = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()
"""


def test_four_gibibytes_are_a_memory_error(zygote: Zygote, lock_in: LockIn) -> None:
    locked = lock_in(zygote)

    locked.send([("greedy", "bytearray(4 << 30)"), ("modest", "bytearray(4 << 20)")])

    outcomes = locked.receive()
    assert outcomes["greedy"].startswith("MemoryError")
    assert outcomes["modest"] == "done"


def test_memory_piece_by_piece_is_a_memory_error_too(plain_zygote: Zygote, lock_in: LockIn) -> None:
    outcome = lock_in(plain_zygote, WITHOUT_RIGHTS).run(EATS_MEMORY)

    assert outcome.startswith("MemoryError")


def test_file_descriptors_run_out(zygote: Zygote, lock_in: LockIn) -> None:
    assert 20 < lock_in(zygote, open_files=32).run(OPENS_FILES) < 32


def test_threads_run_out(zygote: Zygote, lock_in: LockIn, machine: Probe) -> None:
    if not {layer.OWN_UID, layer.USER_NAMESPACE} & set(machine.layers):
        pytest.skip("without an own user the thread watch is what counts")

    assert 5 < lock_in(zygote, threads=12).run(STARTS_THREADS) < 12


def test_all_promised_threads_fit_beside_the_memory(zygote: Zygote, lock_in: LockIn) -> None:
    locked = lock_in(zygote, threads=320)

    assert 300 < locked.run(STARTS_THREADS) < 320


def test_the_scratch_folder_is_full_at_its_limit(
    zygote: Zygote, lock_in: LockIn, machine: Probe
) -> None:
    if layer.MOUNT_NAMESPACE not in machine.layers:
        pytest.skip("without a private root the disk watch is what counts")

    written, error = lock_in(zygote, scratch_bytes=8 * MIB).run(FILLS_DISK)

    assert 6 * MIB <= written <= 8 * MIB
    assert os.strerror(error) == "No space left on device"


def test_a_single_file_has_a_limit(plain_zygote: Zygote, lock_in: LockIn) -> None:
    locked = lock_in(plain_zygote, WITHOUT_RIGHTS, scratch_bytes=2 * MIB)

    outcome = locked.run("open('big', 'wb').write(bytes(3 << 20)); os.truncate")

    assert "File too large" in outcome or outcome == "done"
    assert (locked.terms.scratch / "big").stat().st_size <= 2 * MIB


@pytest.mark.skipif(platform.machine() != "x86_64", reason="x86-64 only")
@pytest.mark.parametrize("text", [CALLS_X32, CALLS_32_BIT], ids=["x32", "32_bit"])
def test_calls_of_a_foreign_abi_kill(zygote: Zygote, lock_in: LockIn, text: str) -> None:
    locked = lock_in(zygote)

    locked.send([("call", text)])

    assert os.WTERMSIG(locked.wait()) == signal.SIGSYS


def test_memory_over_the_limit_is_a_named_kill(
    zygote: Zygote, lock_in: LockIn, machine: Probe
) -> None:
    # Room for many stacks lets private memory grow past the limit that is enforced from outside.
    locked = lock_in(zygote, memory_bytes=64 * MIB, threads=512)
    kept = _kept(locked, machine, cpu_millicores=2000)

    locked.send([("eat", EATS_MEMORY)])

    assert _watch_until_it_ends(locked, kept) == "stopped: memory limit 64Mi reached"


def test_a_busy_sandbox_gets_its_share_of_processor_time(
    zygote: Zygote, lock_in: LockIn, machine: Probe
) -> None:
    locked = lock_in(zygote)
    kept = _kept(locked, machine, cpu_millicores=100)

    used = _run_while_ticking(
        locked,
        kept,
        "import time\nend = time.monotonic() + 1\nwhile time.monotonic() < end: pass\n"
        "answer = time.process_time()",
    )

    assert 0 < used < 0.4


def _kept(locked: Locked, machine: Probe, *, cpu_millicores: int) -> Enforcement:
    shares = Shares(cpu_millicores=cpu_millicores, terms=locked.terms)
    return enforce("tried", locked.sandbox, probe=machine, shares=shares)


def _watch_until_it_ends(locked: Locked, kept: Enforcement) -> str:
    wait_status = _tick_until(kept, locked.zygote.connection, locked.wait)
    try:
        return kept.explain(wait_status)
    finally:
        kept.release()


def _run_while_ticking(locked: Locked, kept: Enforcement, text: str) -> Any:
    locked.send([("it", text)])
    outcomes = _tick_until(kept, locked.line.socket, locked.receive)
    locked.wait()
    kept.release()
    return outcomes["it"]


def _tick_until(kept: Enforcement, heard: Any, take: Callable[[], Any]) -> Any:
    """Tick as the supervisor does until something can be heard."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not select.select([heard], [], [], TICK_SECONDS)[0]:
        assert time.monotonic() < deadline
        kept.tick(time.monotonic())
    return take()
