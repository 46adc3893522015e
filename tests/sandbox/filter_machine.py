"""A tiny interpreter of classic BPF, to ask a compiled filter what it would answer."""

from __future__ import annotations

import struct

from plugin_runtime.sandbox.confine.syscalls import Architecture


def ask(program: bytes, architecture: Architecture, number: int, *arguments: int) -> int:
    """Return the filter's action for one call on a processor of this architecture."""
    padded = [*arguments, 0, 0, 0, 0, 0, 0][:6]
    record = struct.pack("=IIQ6Q", number, architecture.audit_number, 0, *padded)
    instructions = list(struct.iter_unpack("=HBBI", program))
    accumulator, position = 0, 0
    while True:
        code, if_true, if_false, constant = instructions[position]
        position += 1
        match code:
            case 0x20:
                (accumulator,) = struct.unpack_from("=I", record, constant)
            case 0x54:
                accumulator &= constant
            case 0x05:
                position += constant
            case 0x15:
                position += if_true if accumulator == constant else if_false
            case 0x35:
                position += if_true if accumulator >= constant else if_false
            case 0x06:
                return int(constant)
            case _:
                raise AssertionError(f"instruction {code:#x} is not in the assembler's repertoire")
