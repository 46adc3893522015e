"""Runs a change of the registry in a child of its own and kills it at a chosen point.

Points are what a process does to the world: each query, each file or folder made, moved or
removed, as Python's audit events tell. Called as a script with a home folder, prints one JSON
line for each point.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

TOUCHES = {"os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.chmod", "shutil.rmtree"}


def main(home: Path, action: str, points: int) -> None:
    """Kill the action at so many evenly spread points, each on a fresh copy of the home."""
    import django

    django.setup()
    from plugins_registry.management.commands import plugin  # noqa: F401 - once for all children

    counted = int(in_child(lambda: counting(home, action)))
    for at in sorted({max(1, counted * number // points) for number in range(1, points + 1)}):
        told = in_child(lambda at=at: killed(home, action, at))
        found = json.loads(in_child(lambda: look(action)))
        line = json.dumps({"at": at, "of": counted, "told": told, **found})
        sys.stdout.write(f"{line}\n")


def in_child(work: Callable[[], str]) -> str:
    """Run in a forked child, which may be killed; return what it told."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writing, work().encode())
        except BaseException:
            os.write(writing, traceback.format_exc().encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as told:
        text = told.read()
    os.waitpid(child, 0)
    return text


def counting(home: Path, action: str) -> str:
    """How many points the action has when nobody kills it."""
    fresh(home)
    seen = Points(stop_at=-1)
    seen.watch(ACTIONS[action])
    return str(seen.count)


def killed(home: Path, action: str, at: int) -> str:
    """Do it, and die at that point."""
    fresh(home)
    Points(stop_at=at).watch(ACTIONS[action])
    return "lived"


class Points:
    """Counts what happens, and ends the process when it was enough."""

    def __init__(self, *, stop_at: int) -> None:
        self.count = 0
        self._stop_at = stop_at
        self._is_watching = False

    def watch(self, action: Callable[[], None]) -> None:
        from django.db import connection

        sys.addaudithook(self._event)
        with connection.execute_wrapper(self._query):
            self._is_watching = True
            action()
            self._is_watching = False

    def _event(self, name: str, arguments: Any) -> None:
        if self._is_watching and name in TOUCHES:
            self._pass()

    def _query(self, execute: Any, sql: str, values: Any, many: bool, context: Any) -> Any:
        if self._is_watching:
            self._pass()
        return execute(sql, values, many, context)

    def _pass(self) -> None:
        self.count += 1
        if self.count == self._stop_at:
            os.kill(os.getpid(), signal.SIGKILL)


def fresh(home: Path) -> None:
    """Put the home back to where the action begins."""
    from django.conf import settings

    current = Path(settings.PLEXICHAT_HOME)
    shutil.rmtree(current, ignore_errors=True)
    shutil.copytree(home / "before", current, symlinks=True)


def packages() -> Path:
    return Path(os.environ["PACKAGES"])


def install() -> None:
    from plugins_registry import services

    services.install(packages() / "first", allow_unsigned=True, grant_all=True)


def upgrade() -> None:
    from plugins_registry import services
    from plugins_registry.services.installing import Consent

    services.upgrade("shop", packages() / "second", Consent(allow_unsigned=True, grant_all=True))


def look(action: str) -> str:
    """What a process finds that comes after, and whether the same can be done again."""
    from plugins_registry import services
    from plugins_registry.models import Plugin, Release
    from plugins_registry.package import store

    plugin = Plugin.objects.select_related("release").filter(name="shop").first()
    release = plugin.release if plugin else None
    whole = [store.digest_of(each.path) == each.digest for each in Release.objects.all()]
    found: dict[str, Any] = {
        "release": release.version if release else None,
        "all_whole": all(whole),
    }
    try:
        ACTIONS[action]()
        found["again"] = "done"
    except services.RegistryError as error:
        found["again"] = str(error)
    store.sweep_staging(older_than_seconds=-1)
    folders = Path(store.conf.HOME, "releases").rglob("plugin.yaml")
    kept = {Path(store.conf.HOME, each.path) for each in Release.objects.all()}
    found["strays"] = len({path.parent for path in folders} - kept)
    return json.dumps(found)


ACTIONS: dict[str, Callable[[], None]] = {
    "install": install,
    "upgrade": upgrade,
}

if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
