"""Production as docs/operating.md arranges it: every part a process, on PostgreSQL and Redis."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from environ import Env

from plexichat.bootstrap import ROOT
from tests.running import Host, is_well
from tests.waiting import wait_for
from tests.workers import free_port

START_SECONDS = 90.0
CELERY = "-m", "celery", "-A", "plexichat"

needs_servers = pytest.mark.skipif(
    not (os.environ.get("PLEXICHAT_DATABASE_URL") and os.environ.get("PLEXICHAT_REDIS_URL")),
    reason="needs PostgreSQL and Redis",
)


class Production:
    """The processes of one arrangement, by name, and what they say in a file each."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._folder = folder
        self.environment = environment
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        ports = [free_port(), free_port()]
        self.urls = [f"http://127.0.0.1:{port}" for port in ports]
        self._commands: dict[str, tuple[str, ...]] = {
            **{
                f"web {number}": ("manage.py", "serve", "--port", str(port))
                for number, port in enumerate(ports)
            },
            "supervisor": ("manage.py", "runplugins"),
            "worker": (*CELERY, "worker", "--concurrency", "2"),
            "beat": (*CELERY, "beat"),
        }
        for name in self._commands:
            self._start(name)

    @property
    def names(self) -> list[str]:
        """The parts."""
        return list(self._commands)

    def _start(self, name: str) -> None:
        with self.said_by(name).open("ab") as said:
            self.processes[name] = subprocess.Popen(
                [sys.executable, *self._commands[name]],
                cwd=ROOT,
                env=self.environment,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )

    def said_by(self, name: str) -> Path:
        return self._folder / f"{name}.txt"

    def is_healthy(self) -> bool:
        for name, process in self.processes.items():
            assert process.poll() is None, self.said_by(name).read_text()
        return self._answers()

    def _answers(self) -> bool:
        return all(map(is_well, self.urls))

    def wait_until_healthy(self) -> None:
        wait_for(self.is_healthy, seconds=START_SECONDS, what="health of every part")

    def has_active_plugin(self) -> bool:
        return self.read("SELECT state FROM plugins_registry_plugin") == [("active",)]

    def family(self) -> set[int]:
        """Every process that descends from ours."""
        families = [Host.family_of(process.pid) for process in self.processes.values()]
        return set().union(*families)

    def recover(self) -> None:
        """Wait for health, under a service manager."""
        wait_for(
            lambda: self.revive() or self._answers(), seconds=START_SECONDS, what="health again"
        )

    def revive(self) -> None:
        """Start what has ended by itself, as a service manager does.

        Celery's worker gives up when the children that it starts are killed at once.
        """
        for name, process in self.processes.items():
            if process.poll() is not None:
                self._start(name)

    def kill_a_child(self) -> None:
        """Kill a sandbox, the zygote or one of the worker's children."""
        children = sorted(self.family() - {part.pid for part in self.processes.values()})
        if children:
            with suppress(ProcessLookupError):  # it was quicker
                os.kill(random.choice(children), signal.SIGKILL)

    def kill_and_restart(self, name: str) -> None:
        """Kill one part with the children of its session, as a lost machine would, and begin it."""
        self._kill(self.processes[name])
        self._start(name)

    def command(self, *words: str) -> None:
        """Run `manage.py WORDS` in the arrangement."""
        command = [sys.executable, "manage.py", *words]
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def read(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the database, past all of the product's code."""
        with _connection(self.environment["PLEXICHAT_DATABASE_URL"]) as connection:
            return connection.execute(query).fetchall()

    def end(self) -> None:
        for process in self.processes.values():
            self._kill(process)

    @staticmethod
    def _kill(process: subprocess.Popen[bytes]) -> None:
        if process.poll() is None:  # not reaped yet, so the session is still ours
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextmanager
def running_production(
    folder: Path, plugin: Path, *, redis_url: str, **more: str
) -> Iterator[Production]:
    """All parts, healthy, with an active plugin, a database of their own and this Redis."""
    with _environment(folder, redis_url) as environment:
        environment |= more
        install = ("install", str(plugin), "--grant-all", "--allow-unsigned", "--enable")
        for words in (("migrate", "--verbosity", "0"), ("plugin", *install)):
            command = [sys.executable, "manage.py", *words]
            subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
        arranged = Production(folder, environment)
        try:
            arranged.wait_until_healthy()
            wait_for(arranged.has_active_plugin, seconds=START_SECONDS, what="an active plugin")
            yield arranged
        finally:
            arranged.end()


@contextmanager
def _environment(folder: Path, redis_url: str) -> Iterator[dict[str, str]]:
    """The one environment of all processes, with a database of its own."""
    folder.chmod(0o711)  # sandboxes with an own user must get through
    given, name = os.environ["PLEXICHAT_DATABASE_URL"], f"production_{uuid.uuid4().hex[:12]}"
    kept = {key: value for key, value in os.environ.items() if "PLEXICHAT" not in key}
    kept.pop("DJANGO_SETTINGS_MODULE", None)
    with _connection(given) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield {
                **kept,
                "PLEXICHAT_NO_BOOTSTRAP": "1",
                "PLEXICHAT_HOME": str(folder / "home"),
                "PLEXICHAT_SECRET_KEY": "one-for-all-processes-" + "x" * 40,
                "PLEXICHAT_ENCRYPTION_KEYS": "one-for-all-processes-one-for-all-processes",
                "PLEXICHAT_DATABASE_URL": f"{given.rpartition('/')[0]}/{name}",
                "PLEXICHAT_REDIS_URL": redis_url,
            }
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _connection(url: str) -> psycopg.Connection[Any]:
    server = Env.db_url_config(url)
    return psycopg.connect(
        host=server["HOST"] or None,
        port=server["PORT"] or None,
        user=server["USER"],
        password=server["PASSWORD"] or None,
        dbname=server["NAME"],
        autocommit=True,
    )
