"""Where benchmarks run: an own data folder, an own database, a real supervisor."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent

from django.db import connection
from django.test.utils import override_settings

from plugin_runtime import board
from plugin_runtime.conversations import pool
from plugin_runtime.conversations.call_log import log
from plugin_runtime.supervisor.host import SupervisorThread, start_in_thread
from plugin_runtime.switchboard import client
from plugins_registry import services
from plugins_registry.models import Plugin

_STATE_SECONDS = 60.0
#: A plugin whose filter does nothing.
NOOP = """
    from plexichat_plugin_sdk import Plugin, hook

    class Noop(Plugin):
        @hook("message_sent")
        def allow(self, message) -> None:
            pass
"""


class Arena:
    """A living platform with nothing in it."""

    def __init__(self, folder: Path, supervisor: SupervisorThread) -> None:
        self.supervisor = supervisor
        self._folder = folder

    def install(self, name: str, code: str, *, cpu: str = "2") -> None:
        """Install a plugin from its code, not yet enabled."""
        folder = write_plugin(self._folder / "sources", name, code, cpu=cpu)
        services.install(folder, allow_unsigned=True, grant_all=True)

    def enable(self, *names: str) -> float:
        """Enable plugins and return the seconds until all of them were active."""
        began = time.perf_counter()
        for name in names:
            services.enable(name)
        self.wait_for_state("active", *names)
        return time.perf_counter() - began

    def wait_for_state(self, state: str, *names: str) -> None:
        """Wait until all are observed in a state and this process knows it."""
        until = time.perf_counter() + _STATE_SECONDS
        while Plugin.objects.filter(name__in=names, state=state).count() < len(names):
            if time.perf_counter() > until:
                raise RuntimeError(f"not all of {names} are {state} after {_STATE_SECONDS:.0f} s")
            time.sleep(0.01)
        client.settle()


def write_plugin(sources: Path, name: str, code: str, *, cpu: str = "2") -> Path:
    """Write a plugin's two files and return their folder."""
    folder = sources / name
    folder.mkdir(parents=True)
    (folder / "plugin.py").write_text(dedent(code))
    (folder / "plugin.yaml").write_text(
        f'plugin: {{name: {name}, version: "1.0"}}\nresources: {{limits: {{cpu: "{cpu}"}}}}\n'
    )
    return folder


@contextmanager
def arena() -> Iterator[Arena]:
    """Open an arena; whatever it held is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="plx-"))
    folder.chmod(0o711)
    with override_settings(PLEXICHAT_HOME=folder):
        before = connection.settings_dict["NAME"]
        connection.creation.create_test_db(verbosity=0, autoclobber=True)
        supervisor = start_in_thread()
        try:
            yield Arena(folder, supervisor)
        finally:
            supervisor.stop()
            client.desk.forget()
            pool.forget_all()
            log.close()  # it writes into the database that goes away now
            board.forget()
            connection.creation.destroy_test_db(before, verbosity=0)
            shutil.rmtree(folder, ignore_errors=True)
