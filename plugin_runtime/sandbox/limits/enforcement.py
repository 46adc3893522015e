"""Everything that limits one sandbox from outside, as one object for the supervisor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from plugin_runtime.sandbox import layers as layer
from plugin_runtime.sandbox.plan import Terms
from plugin_runtime.sandbox.probe import Probe
from plugin_runtime.sandbox.zygote.client import Sandbox

from .cgroup import Cgroup
from .exits import explain_exit
from .watch import CpuDutyCycle, DiskWatch, MemoryWatch, Watch

#: The interpreter's own threads beside those a plugin is granted.
_SPARE_THREADS: Final = 4


@dataclass(frozen=True, kw_only=True)
class Shares:
    """What the manifest grants of the machine."""

    cpu_millicores: int
    terms: Terms


class Enforcement:
    """Keeps one sandbox within its limits until it ends, then says why it ended."""

    def __init__(
        self,
        shares: Shares,
        *,
        group: Cgroup | None,
        watches: list[Watch],
        duty: CpuDutyCycle | None,
    ) -> None:
        self._terms = shares.terms
        self._group = group
        self._watches = watches
        self._duty = duty
        self._exceeded: str | None = None

    def tick(self, now: float) -> None:
        """Let each watch look that is due; call it every `watch.TICK_SECONDS`."""
        if self._duty is not None:
            self._duty.tick(now)
        for watch in self._watches:
            self._exceeded = self._exceeded or watch.tick(now)

    def explain(self, wait_status: int) -> str:
        """Return why it ended, in words; call it before `release`."""
        oom = self._group is not None and self._group.oom_killed()
        return explain_exit(wait_status, oom=oom, watch=self._exceeded, terms=self._terms)

    def let_run(self) -> None:
        """Resume a paused sandbox, so that it can hear a request to end."""
        if self._duty is not None:
            self._duty.release()

    def release(self) -> None:
        """Give the group back, after the sandbox has ended and before its pidfd is closed."""
        self._watches.clear()
        self._duty = None
        if self._group is not None:
            self._group.remove()


def enforce(plugin: str, sandbox: Sandbox, *, probe: Probe, shares: Shares) -> Enforcement:
    """Put a fresh sandbox under its limits; before it is told to load, so that all counts.

    Raises `OSError` where its control group cannot be made or joined: it must not go on then.
    """
    terms, group = shares.terms, None
    if probe.cgroups is not None:
        group = probe.cgroups.create(
            plugin,
            cpu_millicores=shares.cpu_millicores,
            memory_bytes=terms.memory_bytes,
            pids=terms.threads + _SPARE_THREADS,
        )
        try:
            group.add(sandbox.pid)
        except OSError:
            group.remove()
            raise
    return Enforcement(
        shares,
        group=group,
        watches=_watches(sandbox, probe, terms),
        duty=_duty(sandbox, probe, shares),
    )


def _watches(sandbox: Sandbox, probe: Probe, terms: Terms) -> list[Watch]:
    watches: list[Watch] = [
        MemoryWatch(
            sandbox.pid,
            sandbox.pidfd,
            memory_bytes=terms.memory_bytes,
            threads=terms.threads + _SPARE_THREADS,
        )
    ]
    if layer.DISK_WATCH in probe.layers:
        watches.append(DiskWatch(terms.scratch, sandbox.pidfd, limit_bytes=terms.scratch_bytes))
    return watches


def _duty(sandbox: Sandbox, probe: Probe, shares: Shares) -> CpuDutyCycle | None:
    if layer.CPU_WATCH not in probe.layers:
        return None
    return CpuDutyCycle(sandbox.pid, sandbox.pidfd, cpu_millicores=shares.cpu_millicores)
