"""A small assembler for classic BPF, as the kernel's system call filters speak it.

A filter sees one record per call (number, architecture, six 64-bit arguments) and returns an
action. `program` turns a table of numbers into a balanced search; what happens at a number is
either an action or a check of arguments. The output is the kernel's `struct sock_filter` array.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from .syscalls import Architecture

ALLOW: Final = 0x7FFF_0000
KILL_PROCESS: Final = 0x8000_0000
_ERRNO: Final = 0x0005_0000

_LOAD: Final = 0x20  # BPF_LD | BPF_W | BPF_ABS
_AND: Final = 0x54  # BPF_ALU | BPF_AND | BPF_K
_JUMP: Final = 0x05  # BPF_JMP | BPF_JA
_IF_EQUAL: Final = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_IF_AT_LEAST: Final = 0x35  # BPF_JMP | BPF_JGE | BPF_K
_RETURN: Final = 0x06  # BPF_RET | BPF_K

_NUMBER_OFFSET: Final = 0
_ARCHITECTURE_OFFSET: Final = 4
_ARGUMENTS_OFFSET: Final = 16
_SHORT_JUMP: Final = 255  # conditional jumps reach no further
_MAX_INSTRUCTIONS: Final = 4096  # the kernel refuses longer programs
_INSTRUCTION: Final = struct.Struct("=HBBI")

#: Code, jump if true, jump if false, constant.
Instruction: TypeAlias = tuple[int, int, int, int]


def errno_action(number: int) -> int:
    """Return the action that makes a call fail with this `errno`."""
    return _ERRNO | number


@dataclass(frozen=True)
class OneOf:
    """The argument is one of these values. All 64 bits count, so no high bit slips by."""

    argument: int
    values: tuple[int, ...]


@dataclass(frozen=True)
class Masked:
    """`argument & mask == value`, over all 64 bits."""

    argument: int
    mask: int
    value: int


@dataclass(frozen=True)
class NotMasked:
    """`argument & mask != value`; for flags, so the mask lies within the lower 32 bits."""

    argument: int
    mask: int
    value: int


@dataclass(frozen=True)
class PairOneOf:
    """Two neighbouring arguments are one of these pairs, over all 64 bits."""

    #: The first of the two.
    argument: int
    pairs: tuple[tuple[int, int], ...]


Condition: TypeAlias = OneOf | Masked | NotMasked | PairOneOf


@dataclass(frozen=True)
class Check:
    """Allow the call when all conditions hold, else take the other action."""

    conditions: tuple[Condition, ...]
    otherwise: int


Verdict: TypeAlias = int | Check


def program(architecture: Architecture, verdicts: Mapping[int, Verdict], *, default: int) -> bytes:
    """Return the filter: a verdict by call number, `default` for all others.

    Calls of a foreign architecture or ABI kill the process: their numbers mean something else.
    """
    instructions = [
        *_foreign_calls_kill(architecture),
        *_search(_runs(verdicts, default)),
    ]
    return assemble(instructions)


def assemble(instructions: Sequence[Instruction]) -> bytes:
    """Return instructions as the kernel wants them; refuse a program that it would refuse."""
    if len(instructions) > _MAX_INSTRUCTIONS:
        raise ValueError(
            f"{len(instructions)} instructions; the kernel takes at most {_MAX_INSTRUCTIONS}"
        )
    return b"".join(_INSTRUCTION.pack(*instruction) for instruction in instructions)


def _foreign_calls_kill(architecture: Architecture) -> list[Instruction]:
    instructions = [
        (_LOAD, 0, 0, _ARCHITECTURE_OFFSET),
        (_IF_EQUAL, 1, 0, architecture.audit_number),
        (_RETURN, 0, 0, KILL_PROCESS),
        (_LOAD, 0, 0, _NUMBER_OFFSET),
    ]
    if architecture.foreign_from:
        instructions += [
            (_IF_AT_LEAST, 0, 1, architecture.foreign_from),
            (_RETURN, 0, 0, KILL_PROCESS),
        ]
    return instructions


def _runs(verdicts: Mapping[int, Verdict], default: int) -> list[tuple[int, Verdict]]:
    """Return (first number, verdict) of each run of neighbouring numbers with one verdict."""
    runs: list[tuple[int, Verdict]] = [(0, verdicts.get(0, default))]
    for number in sorted({*verdicts, *(number + 1 for number in verdicts)}):
        verdict = verdicts.get(number, default)
        if verdict != runs[-1][1]:
            runs.append((number, verdict))
    return runs


def _search(runs: Sequence[tuple[int, Verdict]]) -> list[Instruction]:
    """Return a binary search over runs; the call's number is in the accumulator."""
    if len(runs) == 1:
        return _verdict(runs[0][1])
    middle = len(runs) // 2
    below, above = _search(runs[:middle]), _search(runs[middle:])
    pivot = runs[middle][0]
    if len(below) <= _SHORT_JUMP:
        return [(_IF_AT_LEAST, len(below), 0, pivot), *below, *above]
    return [(_IF_AT_LEAST, 0, 1, pivot), (_JUMP, 0, 0, len(below)), *below, *above]


def _verdict(verdict: Verdict) -> list[Instruction]:
    if isinstance(verdict, int):
        return [(_RETURN, 0, 0, verdict)]
    refusal: list[Instruction] = [(_RETURN, 0, 0, verdict.otherwise)]
    body: list[Instruction] = [(_RETURN, 0, 0, ALLOW)]
    for condition in reversed(verdict.conditions):
        body = [*_condition(condition, to_refusal=len(body)), *body]
    return body + refusal


def _condition(condition: Condition, *, to_refusal: int) -> list[Instruction]:
    """Return code that falls through when the condition holds, else jumps over what follows."""
    match condition:
        case OneOf(argument, values):
            return [
                *_upper_half_is(argument, ~0, 0, to_refusal + len(values) + 1),
                *_lower_half_is_one_of(argument, values, to_refusal),
            ]
        case Masked(argument, mask, value):
            return [
                *_upper_half_is(argument, mask >> 32, value >> 32, to_refusal + 3),
                (_LOAD, 0, 0, _lower_half(argument)),
                (_AND, 0, 0, mask & 0xFFFF_FFFF),
                (_IF_EQUAL, 0, to_refusal, value & 0xFFFF_FFFF),
            ]
        case NotMasked(argument, mask, value):
            return [
                (_LOAD, 0, 0, _lower_half(argument)),
                (_AND, 0, 0, mask),
                (_IF_EQUAL, to_refusal, 0, value),
            ]
        case PairOneOf(argument, pairs):
            comparisons = _pairs(argument, pairs, to_refusal)
            second = _upper_half_is(argument + 1, ~0, 0, to_refusal + len(comparisons))
            first = _upper_half_is(argument, ~0, 0, to_refusal + len(comparisons) + len(second))
            return [*first, *second, *comparisons]


def _upper_half_is(argument: int, mask: int, value: int, to_refusal: int) -> list[Instruction]:
    if not mask:
        return []
    return [
        (_LOAD, 0, 0, _lower_half(argument) + 4),
        (_AND, 0, 0, mask & 0xFFFF_FFFF),
        (_IF_EQUAL, 0, to_refusal, value & 0xFFFF_FFFF),
    ]


def _lower_half_is_one_of(
    argument: int, values: Sequence[int], to_refusal: int
) -> list[Instruction]:
    """Each comparison but the last jumps behind the last when it holds."""
    last = len(values) - 1
    comparisons = [(_IF_EQUAL, last - index, 0, value) for index, value in enumerate(values)]
    comparisons[last] = (_IF_EQUAL, 0, to_refusal, values[last])
    return [(_LOAD, 0, 0, _lower_half(argument)), *comparisons]


def _pairs(argument: int, pairs: Sequence[tuple[int, int]], to_refusal: int) -> list[Instruction]:
    """Each pair but the last jumps behind the last when it holds, and to the next when not."""
    code: list[Instruction] = []
    for first, second in reversed(pairs):
        to_next = 0 if code else to_refusal
        code = [
            (_LOAD, 0, 0, _lower_half(argument)),
            (_IF_EQUAL, 0, 2 + to_next, first),
            (_LOAD, 0, 0, _lower_half(argument + 1)),
            (_IF_EQUAL, len(code), to_next, second),
            *code,
        ]
    return code


def _lower_half(argument: int) -> int:
    return _ARGUMENTS_OFFSET + 8 * argument  # both architectures are little-endian
