"""The confined process of one sandbox, as the supervisor holds it: by its pidfd."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal

from .limits import Limits


class ConfinedProcess:
    """A forked sandbox with its limits."""

    def __init__(self, pidfd: int, limits: Limits) -> None:
        self.exited: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._pidfd = pidfd
        self._limits = limits
        self._watching = asyncio.create_task(self._watch())

    def kill(self) -> None:
        """End it now; harmless when it has ended."""
        if self._pidfd >= 0:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)

    def has_exited(self, wait_status: int) -> None:
        """The zygote has reaped it with this status."""
        self._resolve(self._limits.explain(wait_status))

    def is_lost(self) -> None:
        """The zygote has gone and took it along."""
        self._resolve("the process that starts sandboxes has gone; this was not the plugin's fault")

    def close(self) -> None:
        """Release descriptor, control group and scratch folder, after the end."""
        self._watching.cancel()
        if self._pidfd >= 0:
            os.close(self._pidfd)
            self._pidfd = -1
        self._limits.release()

    def _resolve(self, how: str) -> None:
        if not self.exited.done():
            self.exited.set_result(how)

    async def _watch(self) -> None:
        """Enforce the limits that need a look now and then, until the process has ended."""
        while not self.exited.done():
            await asyncio.sleep(self._limits.tick())
