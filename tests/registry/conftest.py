"""A home folder of its own for each test, and plugin packages written on the spot."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from pytest_django import Settings

from plugins_registry import services
from plugins_registry.models import Plugin

Write = Callable[..., Path]
Install = Callable[..., Plugin]


@pytest.fixture
def home(tmp_path: Path, settings: Settings) -> Path:
    """The server's home, empty."""
    folder = tmp_path / "home"
    folder.mkdir()
    settings.PLEXICHAT_HOME = folder
    return folder


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a package folder: a name, the rest of the manifest, further files."""

    def _write(
        name: str = "demo",
        manifest: str = "",
        *,
        version: str = "1.0.0",
        files: Mapping[str, str | bytes] | None = None,
        folder: str | None = None,
        entry_point: str = "",
    ) -> Path:
        root = tmp_path / "sources" / (folder or name)
        head = f"plugin:\n  name: {name}\n  version: {version}\n"
        head += f"  entry_point: {entry_point}\n" if entry_point else ""
        contents = {"plugin.yaml": head + dedent(manifest), "plugin.py": "", **(files or {})}
        for path, content in contents.items():
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            raw = content.encode() if isinstance(content, str) else content
            target.write_bytes(raw)
        return root

    return _write


@pytest.fixture
def install(home: Path, db: None, write: Write) -> Install:
    """Installs a package that is written on the spot, unsigned, everything granted."""

    def _install(name: str = "demo", manifest: str = "", **facts: Any) -> Plugin:
        source = write(name, manifest, **facts)
        return services.install(source, allow_unsigned=True, grant_all=True)

    return _install


def tree(folder: Path) -> dict[str, bytes | None]:
    """Every path below a folder with its contents: two equal trees are the same folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }
