"""The files a plugin leaves on this node: its log, its scratch folder, its data folder."""

from __future__ import annotations

import os
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

from plugin_runtime.conf import conf
from plugin_runtime.sandbox.scratch import remove_scratch


class Files:
    """Keeper of logs and folders. Databases below the data folder have keepers of their own."""

    name = "files"

    def summary(self, plugin: str) -> dict[str, int]:
        """How many log files there are, and their bytes."""
        logs = list(_logs(plugin))
        return {"log files": len(logs), "bytes": sum(path.stat().st_size for path in logs)}

    def export(self, plugin: str, archive: zipfile.ZipFile) -> None:
        """Write the logs."""
        for path in _logs(plugin):
            archive.write(path, f"{self.name}/{path.name}")

    def purge(self, plugin: str) -> None:
        """Remove logs, scratch and data folder."""
        for path in _logs(plugin):
            path.unlink(missing_ok=True)
        shutil.rmtree(conf.home / "plugins-data" / plugin, ignore_errors=True)
        remove_scratch(conf.home / "scratch" / plugin)


def _logs(plugin: str) -> Iterator[Path]:
    folder = conf.home / "logs" / "plugins"
    if folder.is_dir():
        names = sorted(os.listdir(folder))
        # `polls.jsonl`, `polls.jsonl.1`; a plugin's name holds no dot.
        yield from (folder / name for name in names if name.split(".")[0] == plugin)
