"""Watches: limits kept by looking, where no control group keeps them (and to name a kill).

Each watch is ticked by the supervisor with the current time (`time.monotonic()`), looks only when
it is due, and acts through the sandbox's pidfd, so a pid that is used again is never hit. A watch
sees what happened since it last looked: it limits, a moment late.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Final, Protocol

#: How often the supervisor should tick; the processor watch needs it, the others look less often.
TICK_SECONDS: Final = 0.02
_MEMORY_INTERVAL_SECONDS: Final = 0.1
_DISK_INTERVAL_SECONDS: Final = 0.25
#: Looking takes at most this share of the supervisor's time, however much a plugin has to show.
_DISK_EFFORT: Final = 0.05
#: A folder with more entries is over its limit, whatever they hold; it also bounds the look.
_MOST_ENTRIES: Final = 16_384
#: A quiet plugin may save up this much time for a burst.
_BURST_SECONDS: Final = 0.1
_CPU_CLOCK_OF_PROCESS: Final = 2  # CPUCLOCK_SCHED

MEMORY: Final = "memory"
THREADS: Final = "threads"
DISK: Final = "disk"
#: A folder that is closed to us or nested too deeply: what it holds cannot be counted.
HIDDEN: Final = "hidden"


class Watch(Protocol):
    """What the supervisor ticks."""

    def tick(self, now: float) -> str | None:
        """Look if due, act if needed; return the exceeded limit's name once it has killed."""
        ...


class MemoryWatch:
    """Kills a sandbox that holds more memory or threads than it may.

    Counts its own and shared memory, not files it has mapped. The private part cannot overshoot
    by much: `RLIMIT_DATA` stands behind it.
    """

    def __init__(self, pid: int, pidfd: int, *, memory_bytes: int, threads: int) -> None:
        self._status = Path(f"/proc/{pid}/status")
        self._pidfd = pidfd
        self._memory_kib = memory_bytes // 1024
        self._threads = threads
        self._due = 0.0

    def tick(self, now: float) -> str | None:
        """See `Watch.tick`; returns `MEMORY` or `THREADS`."""
        if now < self._due:
            return None
        self._due = now + _MEMORY_INTERVAL_SECONDS
        facts = self._facts()
        if facts.get("RssAnon", 0) + facts.get("RssShmem", 0) > self._memory_kib:
            return _kill(self._pidfd, MEMORY)
        if facts.get("Threads", 0) > self._threads:
            return _kill(self._pidfd, THREADS)
        return None

    def _facts(self) -> dict[str, int]:
        try:
            lines = self._status.read_text().splitlines()
        except OSError:
            return {}  # it has ended; the supervisor will hear so
        return {
            name: int(value.split()[0])
            for name, _, value in (line.partition(":") for line in lines)
            if name in ("RssAnon", "RssShmem", "Threads")
        }


class CpuDutyCycle:
    """Pauses and resumes a sandbox so that it uses its share of processor time on average.

    An account: time flows in at the permitted rate, what the process used flows out, and it runs
    while the balance is positive.
    """

    def __init__(self, pid: int, pidfd: int, *, cpu_millicores: int) -> None:
        self._clock = (~pid << 3) | _CPU_CLOCK_OF_PROCESS
        self._pidfd = pidfd
        self._share = cpu_millicores / 1000
        self._balance = _BURST_SECONDS * self._share
        self._last: tuple[float, float] | None = None
        self.is_paused = False

    def tick(self, now: float) -> str | None:
        """See `Watch.tick`; it never kills, so it returns None."""
        try:
            used = time.clock_gettime(self._clock)
        except OSError:
            return None  # it has ended; the supervisor will hear so
        if self._last is not None:
            self._settle(now - self._last[0], used - self._last[1])
        self._last = (now, used)
        return None

    def release(self) -> None:
        """Let it run; before the supervisor asks it to end."""
        if self.is_paused and _signal(self._pidfd, signal.SIGCONT):
            self.is_paused = False

    def _settle(self, elapsed: float, used: float) -> None:
        ceiling = _BURST_SECONDS * self._share
        self._balance = min(self._balance + elapsed * self._share, ceiling + used) - used
        if self._balance < 0 and not self.is_paused:
            self.is_paused = _signal(self._pidfd, signal.SIGSTOP)
        elif self._balance >= 0:
            self.release()
        elif used > 0:  # something has resumed it; time it used while it stopped is soon over
            self.is_paused = _signal(self._pidfd, signal.SIGSTOP)


class DiskWatch:
    """Kills a sandbox whose scratch folder holds more than it may.

    Does not see files that were removed and are still open; `RLIMIT_FSIZE` and the limit of open
    files bound those.
    """

    def __init__(self, folder: Path, pidfd: int, *, limit_bytes: int) -> None:
        self._folder = folder
        self._pidfd = pidfd
        self._limit_bytes = limit_bytes
        self._due = 0.0

    def tick(self, now: float) -> str | None:
        """See `Watch.tick`; returns `DISK` or `HIDDEN`."""
        if now < self._due:
            return None
        began = time.monotonic()
        exceeded = self._exceeded()
        effort = (time.monotonic() - began) / _DISK_EFFORT
        self._due = now + max(_DISK_INTERVAL_SECONDS, effort)
        return _kill(self._pidfd, exceeded) if exceeded else None

    def _exceeded(self) -> str | None:
        try:
            return DISK if self._is_over() else None
        except OSError:
            return HIDDEN

    def _is_over(self) -> bool:
        used, entries, folders = 0, 0, [str(self._folder)]
        while folders:
            for entry in _entries(folders.pop()):
                entries += 1
                used += _size(entry)
                if used > self._limit_bytes or entries > _MOST_ENTRIES:
                    return True
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
        return False


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return [entry for entry, _ in zip(entries, range(_MOST_ENTRIES + 1), strict=False)]
    except (FileNotFoundError, NotADirectoryError):
        return []  # removed or replaced while we looked


def _size(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_blocks * 512
    except FileNotFoundError:
        return 0


def _kill(pidfd: int, limit: str) -> str | None:
    return limit if _signal(pidfd, signal.SIGKILL) else None


def _signal(pidfd: int, number: signal.Signals) -> bool:
    try:
        signal.pidfd_send_signal(pidfd, number)
    except ProcessLookupError:
        return False
    return True
