"""A real `manage.py run` on an empty data folder, and an account that talks to it."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings

_START_SECONDS = 90.0
_JSON = {"Content-Type": "application/json"}


class Client:
    """One kept-alive connection, logged in once it has a token."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._headers = dict(_JSON)

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Post JSON and return the JSON answer; raise `RuntimeError` for a refusal."""
        self._connection.request("POST", path, json.dumps(body), self._headers)
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"POST {path} was answered {answer.status}: {text[:500]!r}")
        return dict(json.loads(text))

    def register(self) -> None:
        """Open an account and use its token from here on."""
        account = {"username": "bench", "email": "bench@example.com"}
        account["password"] = "correct horse battery"
        token = self.post("/api/v1/auth/register", account)["token"]
        self._headers["Authorization"] = f"Bearer {token}"


class Host:
    """The running host."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = _free_port()
        self._environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "benchmarks._settings",
            "PLEXICHAT_HOME": str(folder / "home"),
            "PORT": str(self.port),
        }
        self.log = (folder / "log.txt").open("wb")
        self.process = self._start("run")

    def plugin(self, *words: str) -> None:
        """Run `manage.py plugin` beside it; raise `CalledProcessError` when that fails."""
        process = self._start("plugin", *words)
        if process.wait(_START_SECONDS):
            raise subprocess.CalledProcessError(process.returncode, ["plugin", *words])

    def await_health(self) -> None:
        """Return once it serves."""
        until = time.monotonic() + _START_SECONDS
        while not self._is_healthy():
            if time.monotonic() > until or self.process.poll() is not None:
                raise RuntimeError(f"no host: {(self.folder / 'log.txt').read_text()[-2000:]}")
            time.sleep(0.1)

    def _is_healthy(self) -> bool:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except OSError:
            return False

    def _start(self, *words: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "manage.py", *words],
            cwd=settings.BASE_DIR,
            env=self._environment,
            stdout=self.log,
            stderr=self.log,
        )


@contextmanager
def host() -> Iterator[Host]:
    """Run a host for the length of a block."""
    with tempfile.TemporaryDirectory(prefix="plx-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)  # sandboxes with a user of their own must get through
        running = Host(folder)
        try:
            running.await_health()
            yield running
        finally:
            running.process.terminate()
            running.process.wait(30)
            running.log.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
