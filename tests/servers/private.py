"""One private server process: started, waited for, stopped by its id."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

START_SECONDS = 30.0
STOP_SECONDS = 10.0
_LOOK_SECONDS = 0.05


class ServerFailed(Exception):
    """A private server did not come up; the message holds the end of what it said."""


class PrivateServer:
    """A server that nobody else knows of, with a log in its own folder."""

    def __init__(
        self,
        command: list[str],
        *,
        log: Path,
        user: str | None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._command = command
        self._environment = environment
        self._user = user
        self._log = log
        self._process = self._begin()

    def _begin(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as output:
            return subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                # Not ours to pass on: the tests' Ctrl-C must not end it before the tests.
                start_new_session=True,
                cwd=self._log.parent,
                env=self._environment,
                **as_user(self._user),
            )

    def wait_until(self, answers: Callable[[], bool]) -> None:
        """Return when it answers; raise ServerFailed when it ended or took too long."""
        deadline = time.monotonic() + START_SECONDS
        while not answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                said = self._log.read_text(errors="replace")[-2000:]
                raise ServerFailed(f"{self._command[0]} did not come up; it said:\n{said}")
            time.sleep(_LOOK_SECONDS)

    def stop(self) -> None:
        """End it, with force when it does not end by itself."""
        if self._process.poll() is None:
            # PostgreSQL reads SIGINT as "now, but cleanly"; Redis as SIGTERM.
            self._process.send_signal(2)
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """End it and its children at once, like a power cut."""
        if self._process.poll() is None:  # not reaped yet, so the session is still its own
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def begin_again(self) -> None:
        """Start what was killed; wait for it with `wait_until`."""
        self._process = self._begin()


def unprivileged_user() -> str | None:
    """Return the user to run servers as, which refuse to be root; None for who we are."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def as_user(user: str | None) -> dict[str, Any]:
    """Return what makes `subprocess` run a program as this user and nobody's helper."""
    if user is None:
        return {}
    entry = pwd.getpwnam(user)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def give(path: Path, user: str | None) -> None:
    """Make the user the owner of a folder; nothing to do without one."""
    if user is not None:
        entry = pwd.getpwnam(user)
        os.chown(path, entry.pw_uid, entry.pw_gid)
