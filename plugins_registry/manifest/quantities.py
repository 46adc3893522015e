"""Kubernetes quantities, as far as a manifest's limits need them. Pure.

CPU: `500m`, `0.5`, `2` (cores). Memory: `256Mi`, `1Gi`, `1G`, `1.5Gi`, `1048576` (bytes).
"""

from __future__ import annotations

import re
from decimal import Decimal

_CPU = re.compile(r"(?:(?P<milli>[0-9]{1,9})m|(?P<cores>[0-9]{1,6}(?:\.[0-9]{1,3})?))")
_MEMORY = re.compile(r"(?P<number>[0-9]{1,15}(?:\.[0-9]{1,6})?)(?P<unit>[KMGT]i|[kMGT])?")
_UNITS = {
    "": 1,
    "k": 1000,
    "M": 1000**2,
    "G": 1000**3,
    "T": 1000**4,
    "Ki": 1024,
    "Mi": 1024**2,
    "Gi": 1024**3,
    "Ti": 1024**4,
}


class BadQuantity(ValueError):
    """Text that is not a quantity; says how to write one."""


def cpu_millicores(text: str) -> int:
    """Thousandths of a core. Raises `BadQuantity`; zero is not a limit."""
    match = _CPU.fullmatch(text)
    if match is None:
        raise BadQuantity(f"{text!r} is not a quantity; write it like '500m' or '0.5'")
    milli = match["milli"]
    return _positive(int(milli) if milli else int(Decimal(match["cores"]) * 1000), text)


def memory_bytes(text: str) -> int:
    """Bytes, rounded down. Raises `BadQuantity`; zero is not a limit."""
    match = _MEMORY.fullmatch(text)
    if match is None:
        raise BadQuantity(f"{text!r} is not a quantity; write it like '512Mi' or '1Gi'")
    return _positive(int(Decimal(match["number"]) * _UNITS[match["unit"] or ""]), text)


def written_cpu(millicores: int) -> str:
    """The shortest way to write it: `2`, `500m`."""
    return f"{millicores}m" if millicores % 1000 else str(millicores // 1000)


def written_memory(count: int) -> str:
    """The shortest exact way to write it: `256Mi`, `1000`."""
    for unit in ("Ti", "Gi", "Mi", "Ki"):
        if count and count % _UNITS[unit] == 0:
            return f"{count // _UNITS[unit]}{unit}"
    return str(count)


def _positive(number: int, text: str) -> int:
    if number < 1:
        raise BadQuantity(f"{text!r} is nothing at all; a limit must be greater than zero")
    return number
