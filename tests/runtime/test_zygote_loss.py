"""The process that starts sandboxes dies: everything comes back, and nobody is blamed."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from plugin_runtime.supervisor.failures import FAILURES_BEFORE_QUARANTINE
from tests.platform import Platform
from tests.waiting import wait_for

Post = Callable[[str], Any]


def zygote_of(platform: Platform) -> int:
    def pid() -> int:
        supervisor = platform.supervisor._supervisor
        assert supervisor is not None
        line = supervisor._nursery._line
        return line.zygote.process.pid if line else 0

    return wait_for(pid, what="a zygote")


def gone(pid: int) -> Callable[[], bool]:
    return lambda: not Path(f"/proc/{pid}").exists()  # a zombie would still be there


def test_plugins_come_back_however_often_it_dies(platform: Platform, post: Post) -> None:
    platform.install("shouts")

    for _ in range(FAILURES_BEFORE_QUARANTINE + 1):
        sandbox, zygote = platform.pid_of("shouts"), zygote_of(platform)
        os.kill(zygote, signal.SIGKILL)

        wait_for(gone(sandbox), what="its sandbox gone")
        wait_for(gone(zygote), what="no zombie left")
        wait_for(lambda: platform.plugin("shouts").state != "active", what="its end noticed")
        platform.wait_for_state("shouts", "active")

    assert post("hello").content == "HELLO"
