"""A living platform for tests: a real supervisor, real sandboxes, the test's database."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent
from typing import Any
from unittest.mock import patch

from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext

from plexichat.chat import services as chat
from plugin_runtime import board, news
from plugin_runtime.conversations import pool
from plugin_runtime.sandbox.probe import Probe, probe
from plugin_runtime.supervisor import nursery
from plugin_runtime.supervisor.host import SupervisorThread, start_in_thread
from plugin_runtime.switchboard import client
from plugins_registry import services
from plugins_registry.models import Plugin
from tests.waiting import wait_for

SAMPLES = Path(__file__).parent / "plugins"
BUNDLED = Path(__file__).parents[1] / "plugins"
_probed: list[Probe] = []


class Platform:
    """Installs plugins, posts messages, and tells what became of both."""

    def __init__(self, supervisor: SupervisorThread, folder: Path) -> None:
        self.supervisor = supervisor
        self._folder = folder
        self._people: dict[str, Any] = {}
        self._installed: set[str] = set()

    def install(self, source: str | Path, *, wait: str = "active", **policy: Any) -> str:
        """Install a sample (by name) or a folder, enable it, wait for a state; return its name."""
        folder = SAMPLES / source if isinstance(source, str) else source
        plugin = services.install(folder, allow_unsigned=True, grant_all=True)
        self._installed.add(plugin.name)
        if policy:
            services.set_policy(plugin.name, **policy)
        services.enable(plugin.name)
        if wait:
            self.wait_for_state(plugin.name, wait)
        return str(plugin.name)

    def write(self, name: str, code: str, *, manifest: str = "") -> Path:
        """Write a plugin package from its code and return the folder."""
        folder = self._folder / name
        folder.mkdir()
        (folder / "plugin.py").write_text(dedent(code))
        head = f'plugin:\n  name: {name}\n  version: "1.0.0"\n'
        (folder / "plugin.yaml").write_text(head + dedent(manifest))
        return folder

    def plugin(self, name: str) -> Plugin:
        """The registry's row, read anew."""
        return Plugin.objects.get(name=name)

    def wait_for_state(self, name: str, state: str, *, seconds: float = 30.0) -> Plugin:
        """Wait until the plugin is observed in a state, and callers in this process know it."""
        wait_for(lambda: self.plugin(name).state == state, seconds=seconds, what=f"{name} {state}")
        client.settle()
        return self.plugin(name)

    def person(self, username: str = "ada") -> Any:
        """A user, made on first use."""
        if username not in self._people:
            self._people[username] = get_user_model().objects.create_user(
                username=username, password="a long passphrase"
            )
        return self._people[username]

    def channel(self, name: str = "lobby") -> Any:
        """A public channel of `ada`'s."""
        return chat.create_channel(self.person(), name=name, channel_type="public")[0]

    def remove_data(self) -> None:
        """Remove what the plugins own: roles and schemas outlive a test's database."""
        for name in self._installed:
            services.purge_belongings(name)

    def pid_of(self, name: str) -> int:
        """The process of a plugin's sandbox."""
        return wait_for(lambda: self.supervisor.pids.get(name, 0), what=f"a process for {name}")

    def kill(self, name: str) -> None:
        """End a plugin's process the hard way."""
        os.kill(self.pid_of(name), signal.SIGKILL)


@contextmanager
def running_platform(folder: Path) -> Iterator[Platform]:
    """A platform whose supervisor lives as long as the block."""
    with patch.object(nursery, "probe", _probe_once):
        supervisor = start_in_thread()
    platform = Platform(supervisor, folder)
    try:
        yield platform
    finally:
        supervisor.stop()
        platform.remove_data()
        client.desk.forget()
        pool.forget_all()
        board.forget()


def _probe_once(home: Path) -> Probe:
    """Probe the machine for the first platform only: it costs as much as the rest of a start."""
    if not _probed:
        _probed.append(probe(home))
    return _probed[0]


def queries_of(post: Callable[[str], Any]) -> int:
    """How many queries a message costs while nothing changes; one in a change reads the board."""
    wait_for(news.is_listening, what="news of changes")
    counted = []
    for _ in range(5):
        with CaptureQueriesContext(connection) as queries:
            post("hello")
        counted.append(len(queries))
    return min(counted)
