"""The SDK as its own distribution: what it says of itself is so."""

from __future__ import annotations

import importlib
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.sdk.child import REPOSITORY

SDK = REPOSITORY / "plexichat_plugin_sdk"
FACTS = tomllib.loads((SDK / "pyproject.toml").read_text())["project"]


def test_it_has_the_projects_version_and_needs_nothing() -> None:
    whole = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    assert (FACTS["version"], FACTS["requires-python"]) == (
        whole["version"],
        whole["requires-python"],
    )
    assert FACTS["dependencies"] == []
    assert (SDK / "py.typed").exists()


def test_its_entry_points_lead_somewhere() -> None:
    module, _, name = FACTS["scripts"]["plexichat-plugin"].partition(":")
    assert callable(getattr(importlib.import_module(module), name))
    plugin = importlib.import_module(FACTS["entry-points"]["pytest11"]["plexichat"])
    assert plugin.plexichat_context


def test_the_testing_api_needs_nothing_but_python() -> None:
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); from plexichat_plugin_sdk.testing import *; "
        "MockContext().close(); assert 'msgspec' not in sys.modules"
    )
    # -S: not even the folder of installed packages is on the path.
    command = [sys.executable, "-I", "-S", "-W", "error", "-c", program, str(REPOSITORY)]
    assert subprocess.run(command, check=False, capture_output=True).stderr == b""


def test_every_folder_of_it_is_a_package() -> None:
    folders = {path.parent for path in SDK.rglob("*.py")}
    lacking = [str(folder.relative_to(SDK)) for folder in folders if not _is_package(folder)]
    assert lacking == []


def _is_package(folder: Path) -> bool:
    return (folder / "__init__.py").exists()
