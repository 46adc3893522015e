"""The assembler and the policy, asked call by call."""

from __future__ import annotations

import errno

import pytest

from plugin_runtime.sandbox.confine import policy
from plugin_runtime.sandbox.confine.bpf import (
    ALLOW,
    KILL_PROCESS,
    Check,
    Masked,
    NotMasked,
    OneOf,
    Verdict,
    assemble,
    errno_action,
    program,
)
from plugin_runtime.sandbox.confine.syscalls import (
    ARM64,
    X86_64,
    Architecture,
    UnknownArchitecture,
    here,
)

from .filter_machine import ask

REFUSED = errno_action(errno.EPERM)
UNKNOWN = errno_action(errno.ENOSYS)
HIGH_BIT = 1 << 32
BOTH = pytest.mark.parametrize("machine", [X86_64, ARM64], ids=["x86_64", "arm64"])


def compiled(machine: Architecture, *, owns_its_files: bool = False) -> bytes:
    verdicts = policy.verdicts_for(machine, owns_its_files=owns_its_files)
    return program(machine, verdicts, default=UNKNOWN)


def answer(machine: Architecture, name: str, *arguments: int, owns_its_files: bool = False) -> int:
    number = machine.number(name)
    assert number is not None
    return ask(compiled(machine, owns_its_files=owns_its_files), machine, number, *arguments)


@BOTH
def test_every_number_gets_its_verdict(machine: Architecture) -> None:
    verdicts = policy.verdicts_for(machine, owns_its_files=False)
    filter_ = compiled(machine)
    plain = {number: action for number, action in verdicts.items() if isinstance(action, int)}

    for number in range(700):
        if not isinstance(verdicts.get(number), Check):
            assert ask(filter_, machine, number) == plain.get(number, UNKNOWN), number


@BOTH
def test_foreign_architectures_are_killed(machine: Architecture) -> None:
    other = ARM64 if machine is X86_64 else X86_64

    assert ask(compiled(machine), other, 0) == KILL_PROCESS


def test_the_other_abi_of_the_same_processor_is_killed() -> None:
    assert ask(compiled(X86_64), X86_64, 0x4000_0000 | 39) == KILL_PROCESS
    assert ask(compiled(X86_64), X86_64, 39) == ALLOW


@BOTH
def test_lists_do_not_overlap(machine: Architecture) -> None:
    assert not set(policy.ALLOWED) & set(policy.REFUSED)
    assert not set(policy.ALLOWED) & set(policy.OWN_FILES)
    assert len(compiled(machine)) // 8 < 1000


CHECKS = {
    "thread": ("clone", (0x3D_0F00,), ALLOW),
    "musl_thread": ("clone", (0x7D_0F00,), ALLOW),
    "fork": ("clone", (0x0120_0011,), REFUSED),
    "thread_in_user_namespace": ("clone", (0x103D_0F00,), REFUSED),
    "thread_high_bit": ("clone", (0x3D_0F00 | HIGH_BIT,), REFUSED),
    "is_terminal": ("ioctl", (0, 0x5401), ALLOW),
    "inject_keys": ("ioctl", (0, 0x5412), REFUSED),
    "ioctl_high_bit": ("ioctl", (0, 0x5401 | HIGH_BIT), REFUSED),
    "duplicate": ("fcntl", (3, 1030), ALLOW),
    "set_owner": ("fcntl", (3, 8), REFUSED),
    "name_thread": ("prctl", (15,), ALLOW),
    "dumpable": ("prctl", (4,), REFUSED),
    "stream_pair": ("socketpair", (1, 0x8_0001, 0), ALLOW),
    "datagram_pair": ("socketpair", (1, 0x8_0002, 0), REFUSED),
    "internet_pair": ("socketpair", (2, 1, 0), REFUSED),
    "no_delay": ("setsockopt", (3, 6, 1), ALLOW),
    "keep_alive": ("setsockopt", (3, 1, 9), ALLOW),
    "quick_acknowledgement": ("setsockopt", (3, 6, 12), ALLOW),
    "option_of_another_level": ("setsockopt", (3, 1, 4), REFUSED),
    "internet_option": ("setsockopt", (3, 0, 1), REFUSED),
    "debug_option": ("setsockopt", (3, 1, 1), REFUSED),
    "receive_buffer": ("setsockopt", (3, 1, 8), REFUSED),
    "send_buffer": ("setsockopt", (3, 1, 7), REFUSED),
    "bind_to_device": ("setsockopt", (3, 1, 25), REFUSED),
    "repair": ("setsockopt", (3, 6, 19), REFUSED),
    "upper_protocol": ("setsockopt", (3, 6, 31), REFUSED),
    "option_level_high_bit": ("setsockopt", (3, 6 | HIGH_BIT, 1), REFUSED),
    "option_high_bit": ("setsockopt", (3, 6, 1 | HIGH_BIT), REFUSED),
    "send": ("sendto", (3, 0, 1, 0x4000), ALLOW),
    "send_and_connect": ("sendto", (3, 0, 1, 0x2000_0000), REFUSED),
    "send_message": ("sendmsg", (3, 0, 0x4000), ALLOW),
    "send_message_and_connect": ("sendmsg", (3, 0, 0x2000_4000), REFUSED),
    "private_memory": ("mmap", (0, 4096, 3, 0x22), ALLOW),
    "shared_file": ("mmap", (0, 4096, 3, 0x01), ALLOW),
    "shared_memory": ("mmap", (0, 4096, 3, 0x21), REFUSED),
    "shared_memory_validated": ("mmap", (0, 4096, 3, 0x23), REFUSED),
    "read_own_limit": ("prlimit64", (0, 7, 0, 1), ALLOW),
    "write_own_limit": ("prlimit64", (0, 7, 1, 0), REFUSED),
    "read_others_limit": ("prlimit64", (1, 7, 0, 1), REFUSED),
    "open": ("openat", (0, 0, 0o101, 0o644), ALLOW),
    "open_set_id": ("openat", (0, 0, 0o101, 0o4644), REFUSED),
    "open_truncate_to_write": ("openat", (0, 0, 0o1001, 0), ALLOW),
    "open_truncate_to_read": ("openat", (0, 0, 0o1000, 0), REFUSED),
    "open_truncate_for_neither": ("openat", (0, 0, 0o1003, 0), REFUSED),
    "make_folder": ("mkdirat", (0, 0, 0o755), ALLOW),
    "make_set_group_folder": ("mkdirat", (0, 0, 0o2755), REFUSED),
    "clone3": ("clone3", (), UNKNOWN),
}


@BOTH
@pytest.mark.parametrize(("name", "arguments", "expected"), CHECKS.values(), ids=CHECKS)
def test_arguments_decide(
    machine: Architecture, name: str, arguments: tuple[int, ...], expected: int
) -> None:
    assert answer(machine, name, *arguments) == expected


@BOTH
@pytest.mark.parametrize(("name", "before"), [("fchmodat", (0, 0)), ("fchmod", (0,))])
def test_modes_need_files_of_ones_own(
    machine: Architecture, name: str, before: tuple[int, ...]
) -> None:
    assert answer(machine, name, *before, 0o644) == REFUSED
    assert answer(machine, name, *before, 0o644, owns_its_files=True) == ALLOW
    assert answer(machine, name, *before, 0o4644, owns_its_files=True) == REFUSED


def test_signals_go_to_oneself_only() -> None:
    machine, filter_ = here(), policy.compile_own_pid_program(77)
    kill = machine.number("kill")
    assert kill is not None

    assert ask(filter_, machine, kill, 77, 9) == ALLOW
    for other in (1, 0, 2**64 - 1, 77 | HIGH_BIT):
        assert ask(filter_, machine, kill, other, 9) == REFUSED


def test_distant_branches_are_reached() -> None:
    wide = OneOf(0, tuple(range(100)))
    verdicts: dict[int, Verdict] = {n: Check((wide,), REFUSED) for n in range(0, 20, 2)}
    filter_ = program(X86_64, verdicts, default=UNKNOWN)

    for number in range(20):
        inside = ALLOW if number % 2 == 0 else UNKNOWN
        outside = REFUSED if number % 2 == 0 else UNKNOWN
        assert ask(filter_, X86_64, number, 99) == inside
        assert ask(filter_, X86_64, number, 100) == outside


def test_masks_look_at_all_64_bits() -> None:
    mask = 0xFFFF_0000_0000_000F
    filter_ = program(
        X86_64, {1: Check((Masked(2, mask, 5), NotMasked(3, 0b11, 0b11)), REFUSED)}, default=ALLOW
    )

    assert ask(filter_, X86_64, 1, 0, 0, 0x15, 0b01) == ALLOW
    assert ask(filter_, X86_64, 1, 0, 0, 0x16, 0b01) == REFUSED
    assert ask(filter_, X86_64, 1, 0, 0, 1 << 63 | 5, 0b01) == REFUSED
    assert ask(filter_, X86_64, 1, 0, 0, 0x15, 0b111) == REFUSED


def test_a_program_too_long_for_the_kernel_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 4096"):
        assemble([(0x06, 0, 0, ALLOW)] * 4097)


def test_an_unknown_processor_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "vax")

    with pytest.raises(UnknownArchitecture, match=r"'vax'.*expected x86_64 or aarch64"):
        here()
