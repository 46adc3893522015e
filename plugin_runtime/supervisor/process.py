"""The confined process of one sandbox, as the supervisor holds it: by its pidfd."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time

from plugin_runtime.sandbox import layers as layer
from plugin_runtime.sandbox.limits import watch
from plugin_runtime.sandbox.limits.enforcement import Enforcement
from plugin_runtime.sandbox.zygote.client import Sandbox as Child

#: How often watches look that only have to name what a control group enforces.
NAMING_SECONDS = 1.0
#: How often they look where nothing else stops the plugin.
GUARDING_SECONDS = 0.1


class ConfinedProcess:
    """A forked sandbox with its limits."""

    def __init__(self, child: Child, enforcement: Enforcement, *, look_seconds: float) -> None:
        self.exited: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.pid = child.pid
        #: Whether it ended through no doing of its own, with the process that had started it.
        self.was_lost = False
        self._pidfd = child.pidfd
        self._enforcement = enforcement
        self._watching = asyncio.create_task(self._watch(look_seconds))

    def kill(self) -> None:
        """End it now; harmless when it has ended."""
        if self._pidfd >= 0:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)

    def let_run(self) -> None:
        """Resume it if it is paused for its processor share, so that it can hear a request."""
        self._enforcement.let_run()

    def has_exited(self, wait_status: int) -> None:
        """The zygote has reaped it with this status."""
        self._resolve(self._enforcement.explain(wait_status))

    def is_lost(self) -> None:
        """The zygote has gone and took it along."""
        self.was_lost = True
        self._resolve("the process that starts sandboxes has gone; this was not the plugin's fault")

    def close(self) -> None:
        """Release control group and descriptor, after the end."""
        self._watching.cancel()
        self._enforcement.release()
        if self._pidfd >= 0:
            os.close(self._pidfd)
            self._pidfd = -1

    def _resolve(self, how: str) -> None:
        if not self.exited.done():
            self.exited.set_result(how)

    async def _watch(self, look_seconds: float) -> None:
        """Enforce the limits that need a look now and then, until the process has ended."""
        while not self.exited.done():
            self._enforcement.tick(time.monotonic())
            await asyncio.sleep(look_seconds)


def look_seconds(layers: tuple[str, ...]) -> float:
    """Return how often the watches must look, given what else holds."""
    if layer.CPU_WATCH in layers:
        return watch.TICK_SECONDS
    is_guarded = layer.CGROUP_MEMORY in layers and layer.DISK_WATCH not in layers
    return NAMING_SECONDS if is_guarded else GUARDING_SECONDS
