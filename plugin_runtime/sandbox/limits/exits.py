"""Why a sandbox ended, in words for an admin."""

from __future__ import annotations

import os
import signal
from typing import Final

from plugin_runtime.sandbox.plan import Terms

from . import watch as watches

_UNITS: Final = (("Gi", 1 << 30), ("Mi", 1 << 20), ("Ki", 1 << 10))


def explain_exit(wait_status: int, *, oom: bool, watch: str | None, terms: Terms) -> str:
    """Return the reason of an end that nobody had asked for.

    `wait_status` as from `os.waitpid`; `oom`: the control group killed it for its memory; `watch`:
    the name of the limit whose watch killed it.
    """
    if oom or watch == watches.MEMORY:
        return f"stopped: memory limit {quantity(terms.memory_bytes)} reached"
    if watch == watches.DISK:
        return f"stopped: disk limit {quantity(terms.scratch_bytes)} of its scratch folder reached"
    if watch == watches.HIDDEN:
        return "stopped: its scratch folder has folders that are closed or nested too deeply"
    if watch == watches.THREADS:
        return f"stopped: limit of {terms.threads} threads reached"
    if os.WIFSIGNALED(wait_status):
        return _explain_signal(os.WTERMSIG(wait_status))
    return f"exited by itself with status {os.waitstatus_to_exitcode(wait_status)}"


def quantity(number_of_bytes: int) -> str:
    """Return a size as manifests write it: `256Mi`, `1Gi`, `1500`."""
    for unit, size in _UNITS:
        if number_of_bytes and number_of_bytes % size == 0:
            return f"{number_of_bytes // size}{unit}"
    return str(number_of_bytes)


def _explain_signal(number: int) -> str:
    if number == signal.SIGSYS:
        return "killed: it made a system call of a foreign kind, which is forbidden"
    if number == signal.SIGKILL:
        return "killed from outside (SIGKILL): by an administrator, or because memory ran out"
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"number {number}"
    return f"crashed with signal {name}: a fault in native code or a deliberate end"
