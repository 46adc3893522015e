"""What a supervisor's end, and a start that comes to nothing, must not leave behind."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from plugin_runtime.framed import AsyncFramed
from plugin_runtime.supervisor import launcher
from plugin_runtime.supervisor.ending import Ending, StartFailed
from plugin_runtime.supervisor.host import SupervisorThread
from plugin_runtime.supervisor.nursery import Nursery
from tests.platform import Platform


class Forgetful(SupervisorThread):
    """Comes to its end while something still watches."""

    async def _supervise(self) -> None:
        self.watching = asyncio.create_task(asyncio.sleep(600))
        await asyncio.sleep(0)
        self._ready.set()


def test_what_still_watches_ends_before_its_loop() -> None:
    thread = Forgetful()
    thread.start()
    thread.stop()

    assert thread.watching.cancelled()


def test_a_start_without_a_process_leaves_no_socket(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    class Remembered(AsyncFramed[Any]):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            made.append(self._socket)

    async def refuse(*_: Any) -> None:
        raise StartFailed(Ending(reason="no room", is_failure=False))

    with monkeypatch.context() as patch:
        patch.setattr(launcher, "AsyncFramed", Remembered)
        patch.setattr(Nursery, "spawn", refuse)
        platform.install("noop", wait="backing_off")
        failed = made.copy()
    platform.wait_for_state("noop", "active")

    assert failed
    assert {connection.fileno() for connection in failed} == {-1}
