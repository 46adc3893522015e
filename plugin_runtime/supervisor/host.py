"""The supervisor's place in a process: its own thread beside a server, or a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading

from plugin_runtime.gateway import Gateway

from .supervisor import Supervisor

logger = logging.getLogger(__name__)

#: Start-up includes the probe and the zygote; it takes well under a second.
READY_SECONDS = 30.0


class SupervisorThread:
    """A supervisor and a gateway on threads of this process (the embedded arrangement)."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._until = asyncio.Event()
        self._ready = threading.Event()
        self._error: BaseException | None = None
        # The zygote dies with the thread that started it, so this thread starts it and stays.
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)
        self.isolation = ""
        self._supervisor: Supervisor | None = None

    def start(self) -> None:
        """Start and wait until plugins are being brought up; raise what prevented it."""
        self._thread.start()
        if not self._ready.wait(READY_SECONDS):
            raise RuntimeError(f"the supervisor was not ready within {READY_SECONDS:.0f} s")
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """Stop every plugin and wait for the end."""
        with contextlib.suppress(RuntimeError):  # its loop has ended already
            self._loop.call_soon_threadsafe(self._until.set)
        self._thread.join()

    @property
    def is_alive(self) -> bool:
        """Whether the thread still runs."""
        return self._thread.is_alive()

    @property
    def pids(self) -> dict[str, int]:
        """The process of each plugin that is up."""
        return self._supervisor.pids if self._supervisor is not None else {}

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._supervise())
        except BaseException as error:
            logger.exception("the supervisor failed")
            self._error = error
        finally:
            self._ready.set()
            self._loop.run_until_complete(_cancel_the_rest())
            self._loop.close()

    async def _supervise(self) -> None:
        gateway, ready = Gateway(), asyncio.Event()
        supervisor = self._supervisor = Supervisor(gateway)
        announcing = asyncio.create_task(self._announce(supervisor, ready))
        try:
            await supervisor.run(until=self._until, ready=ready)
        finally:
            announcing.cancel()
            gateway.close()

    async def _announce(self, supervisor: Supervisor, ready: asyncio.Event) -> None:
        await ready.wait()
        self.isolation = supervisor.isolation
        self._ready.set()


async def _cancel_the_rest() -> None:
    """End what still watches or says goodbye: a loop that closes over it would complain."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


def start_in_thread() -> SupervisorThread:
    """Start a supervisor beside whatever else this process does; `.stop()` ends it."""
    thread = SupervisorThread()
    thread.start()
    return thread
