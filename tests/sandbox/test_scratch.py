"""A fresh scratch folder, whatever the last plugin made of it."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from plugin_runtime.sandbox.scratch import fresh_scratch


def _full(folder: Path) -> None:
    (folder / "a" / "b").mkdir(parents=True)
    (folder / "a" / "file").write_text("x")
    (folder / "a" / "b" / "file").write_text("x")


def _closed(folder: Path) -> None:
    _full(folder)
    (folder / "a" / "b").chmod(0)
    (folder / "a").chmod(0o300)
    folder.chmod(0)


def _deep(folder: Path) -> None:
    with contextlib.chdir(folder):
        for _ in range(3000):
            os.mkdir("deep")
            os.chdir("deep")


def _linked(folder: Path) -> None:
    (folder / "link").symlink_to(folder.parent / "outside")
    (folder / "inner").mkdir()
    (folder / "inner" / "link").symlink_to(folder.parent / "outside")


@pytest.mark.parametrize("leave_behind", [_full, _closed, _deep, _linked])
def test_whatever_was_left_is_gone(tmp_path: Path, leave_behind: Callable[[Path], None]) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("x")
    folder = tmp_path / "scratch"
    folder.mkdir()
    leave_behind(folder)

    fresh_scratch(folder)

    assert list(folder.iterdir()) == []
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert (outside / "kept").exists()


def test_a_link_in_its_place_is_replaced_and_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("x")
    (tmp_path / "scratch").symlink_to(outside)

    fresh_scratch(tmp_path / "scratch")

    assert (tmp_path / "scratch").is_dir()
    assert not (tmp_path / "scratch").is_symlink()
    assert (outside / "kept").exists()
