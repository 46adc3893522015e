"""Fifty trivial plugins: how long until all are active, and what each of them weighs."""

from __future__ import annotations

import statistics
from pathlib import Path

from . import Result
from ._arena import arena

PLUGINS = 50
TRIVIAL = """
    from plexichat_plugin_sdk import Plugin

    class Trivial(Plugin):
        pass
"""


def run() -> list[Result]:
    """Enable fifty at once, wait for the last one, then read what memory nobody shares."""
    names = [f"trivial_{number}" for number in range(PLUGINS)]
    with arena() as place:
        for name in names:
            place.install(name, TRIVIAL)
        seconds = place.enable(*names)
        unshared = [_unshared_mib(pid) for pid in place.supervisor.pids.values()]
    return [
        Result(name=f"{PLUGINS} plugins active", value=seconds, unit="s", aim="≤ 5"),
        Result(
            name="unshared memory each, median",
            value=statistics.median(unshared),
            unit="MiB",
            aim="≤ 8",
        ),
        Result(name="unshared memory, the largest", value=max(unshared), unit="MiB", aim="≤ 8"),
    ]


def _unshared_mib(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024
