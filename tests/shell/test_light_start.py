"""What an admin's command does without, so that a shell script may call it often."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from plexichat.bootstrap import ROOT

#: Runs a command to its end and writes which modules that took.
RUN = """
import json, sys
from django.core.management import execute_from_command_line
try:
    execute_from_command_line(["manage.py", *sys.argv[1:]])
finally:
    sys.stderr.write(json.dumps(sorted(sys.modules)))
"""
#: Servers, views, drivers: seconds of importing on a small machine.
HEAVY = {"twisted", "daphne", "rest_framework.views", "drf_spectacular.views", "plexichat.urls"}


def modules_of(home: Path, *words: str) -> set[str]:
    ended = subprocess.run(
        [sys.executable, "-c", RUN, *words],
        cwd=ROOT,
        env={"DJANGO_SETTINGS_MODULE": "plexichat.settings", "PLEXICHAT_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    return set(json.loads(ended.stderr.splitlines()[-1]))


def test_the_plugin_command_imports_no_server_and_no_views(tmp_path: Path) -> None:
    loaded = modules_of(tmp_path, "plugin", "list")
    assert "plugins_registry.models" in loaded
    assert loaded & HEAVY == set()


def test_a_check_imports_the_views(tmp_path: Path) -> None:
    assert "rest_framework.views" in modules_of(tmp_path, "check")
