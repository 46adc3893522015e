"""A registry change that is killed anywhere has happened entirely, or not at all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from plexichat.bootstrap import ROOT
from tests.running import furnish

pytestmark = pytest.mark.slow

POINTS = 20


@pytest.fixture
def environment(django_db_setup: None, tmp_path: Path) -> dict[str, str]:
    """A server's home with a database, and two releases of a plugin to install."""
    for number, folder in enumerate(("first", "second"), 1):
        root = tmp_path / "packages" / folder
        root.mkdir(parents=True)
        (root / "plugin.py").write_text(f"NUMBER = {number}\n")
        (root / "plugin.yaml").write_text(f'plugin:\n  name: shop\n  version: "{number}.0.0"\n')
    environment = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "plexichat.settings",
        "PLEXICHAT_HOME": str(home := furnish(tmp_path / "home")),
        "PLEXICHAT_NO_BOOTSTRAP": "1",
        "PYTHONPATH": str(ROOT),
        "PACKAGES": str(tmp_path / "packages"),
    }
    if not (home / "plexichat.sqlite3").exists():
        run(environment, "manage.py", "migrate", "--verbosity", "0")
    return environment


def run(environment: dict[str, str], *words: str) -> str:
    done = subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def deaths(environment: dict[str, str], action: str) -> list[dict[str, Any]]:
    """What was found after each death."""
    home = Path(environment["PLEXICHAT_HOME"])
    (home.parent / "kept").mkdir()
    home.rename(home.parent / "kept" / "before")
    script = str(Path(__file__).with_name("killing.py"))
    told = run(environment, script, str(home.parent / "kept"), action, str(POINTS))
    found = [json.loads(line) for line in told.splitlines()]
    assert len(found) >= min(POINTS, found[0]["of"]) - 1
    assert {each["told"] for each in found} == {""}  # every child was killed
    return found


def test_an_install_that_is_killed_leaves_all_or_nothing(environment: dict[str, str]) -> None:
    found = deaths(environment, "install")
    assert {each["release"] for each in found} == {None, "1.0.0"}
    assert all(each["all_whole"] and each["again"] == "done" for each in found)
    assert {each["strays"] for each in found} == {0}


def test_an_upgrade_that_is_killed_leaves_the_old_or_the_new(environment: dict[str, str]) -> None:
    package = str(Path(environment["PACKAGES"], "first"))
    run(environment, "manage.py", "plugin", "install", package, "--allow-unsigned")
    found = deaths(environment, "upgrade")
    assert {each["release"] for each in found} == {"1.0.0", "2.0.0"}
    assert all(each["all_whole"] for each in found)
    again = {(each["release"], "this very package" in each["again"]) for each in found}
    assert again == {("1.0.0", False), ("2.0.0", True)}
    assert {each["strays"] for each in found} == {0}
