"""A real `manage.py run` in a process of its own, for tests that look from outside."""

from __future__ import annotations

import http.client
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

from plexichat.bootstrap import ROOT
from tests.prompt import Prompt
from tests.waiting import wait_for

#: A first start on a busy machine.
START_SECONDS = 60.0
#: A worker's own database when migrations were done and no test had begun.
MIGRATED = "migrated.sqlite3"


def command(home: Path, *words: str, expect: int = 0) -> str:
    """Run `manage.py WORDS` on a home, in a process of its own, and return what it prints."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "plexichat.settings",
        "PLEXICHAT_HOME": str(home),
        "PLEXICHAT_NO_BOOTSTRAP": "1",
    }
    code, said = Prompt.of(home, ROOT, environment).run(*words)
    assert code == expect, said
    return said


def furnish(home: Path) -> Path:
    """Return the home, with a database that needs no migrations any more.

    For whoever does not ask what a first start does: migrating costs three seconds of a processor.
    Needs `django_db_setup`. Where no test has a database, or not SQLite, the home stays empty.
    """
    home.mkdir(mode=0o711)
    migrated = Path(settings.PLEXICHAT_HOME, MIGRATED)
    if migrated.exists():
        shutil.copy(migrated, home / "plexichat.sqlite3")
    return home


def on_this_database(home: Path) -> dict[str, str]:
    """Return the environment of a process that works on the running test's own database."""
    database = settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3"):
        url = f"sqlite:///{database['NAME']}"
    else:
        server = os.environ["PLEXICHAT_DATABASE_URL"].rpartition("/")[0]
        url = f"{server}/{database['NAME']}"
    return {
        "DJANGO_SETTINGS_MODULE": "plexichat.settings",
        "PLEXICHAT_HOME": str(home),
        "PLEXICHAT_SECRET_KEY": "only for tests, but long enough for a check",
        "PLEXICHAT_DATABASE_URL": url,
    }


class Host:
    """One `manage.py run` in a session of its own, with all it says in a file."""

    def __init__(self, home: Path, port: int, *command: str, **environment: str) -> None:
        self.log = home.parent / f"said-{port}-{time.monotonic_ns()}.txt"
        self.home = home
        self.url = f"http://127.0.0.1:{port}"
        plain = {name: value for name, value in os.environ.items() if "PLEXICHAT" not in name}
        plain.pop("DJANGO_SETTINGS_MODULE", None)
        with self.log.open("wb") as said:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", *(command or ("run",))],
                cwd=ROOT,
                env={
                    **plain,
                    "PLEXICHAT_HOME": str(home),
                    "PLEXICHAT_NO_BOOTSTRAP": "1",
                    "PORT": str(port),
                    **environment,
                },
                stdout=said,
                stderr=said,
                start_new_session=True,
            )

    @classmethod
    @contextmanager
    def running(cls, home: Path, port: int, **environment: str) -> Iterator[Host]:
        """A host that is healthy when the block begins and gone when it ends."""
        home.parent.chmod(0o711)  # sandboxes with an own user must get through
        host = cls(home, port, **environment)
        try:
            wait_for(host.is_healthy, seconds=START_SECONDS, what="health")
            yield host
        finally:
            host.process.terminate()
            host.end(seconds=30)

    @property
    def said(self) -> str:
        """All it has written so far."""
        return self.log.read_text(errors="replace")

    def is_healthy(self) -> bool:
        """Whether every part answers; fails the test when the process has ended."""
        assert self.process.poll() is None, self.said
        return is_well(self.url)

    def family(self) -> set[int]:
        """All living processes that descend from this one, whatever session they moved to."""
        return self.family_of(self.process.pid)

    @staticmethod
    def family_of(ancestor: int) -> set[int]:
        """A process and all living ones that descend from it."""
        children: dict[int, list[int]] = {}
        for entry in Path("/proc").glob("[0-9]*/stat"):
            try:
                pid, _, rest = entry.read_text().partition(" (")
            except OSError:
                continue  # it ended just now
            parent = int(rest.rpartition(") ")[2].split()[1])
            children.setdefault(parent, []).append(int(pid))
        found, waiting = set(), [ancestor]
        while waiting:
            found.add(current := waiting.pop())
            waiting += children.get(current, [])
        return found

    def end(self, *, seconds: float = 0) -> None:
        """Wait so long for the end, then make one."""
        try:
            self.process.wait(seconds or 0.01)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.process.wait()


def is_well(url: str) -> bool:
    """Whether every part of the host at this address answers."""
    # Asked dozens of times at every start: a client of httpx's would cost 60 ms each time.
    asking = http.client.HTTPConnection(urlsplit(url).netloc, timeout=5)
    try:
        asking.request("GET", "/healthz")
        return asking.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        asking.close()


def is_gone(pid: int) -> bool:
    """Whether a process has ended, reaped or not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].startswith("Z")
    except OSError:
        return True
