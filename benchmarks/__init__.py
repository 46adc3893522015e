"""The benchmarks: each module has `run() -> list[Result]`; `manage.py bench` runs them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Result:
    """One measured number."""

    #: What was measured, as a row of the table reads.
    name: str
    #: The number.
    value: float
    #: Its unit: `µs`, `ms`, `MiB`, `times floor`, `calls/s`.
    unit: str
    #: What it should be, in words (`≤ 2.5`); empty where there is no aim.
    aim: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return asdict(self)
