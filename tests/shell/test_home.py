"""The home folder: tight modes, one host at a time."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from plexichat.serving import home


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_others_pass_through_but_do_not_look_around(tmp_path: Path) -> None:
    home.make(tmp_path / "home")
    home.make_private(tmp_path / "home" / "db.sqlite3")
    assert mode(tmp_path / "home") == 0o711
    assert mode(tmp_path / "home" / "run") == 0o700
    assert mode(tmp_path / "home" / "db.sqlite3") == 0o600


def test_a_file_that_was_open_to_all_is_closed(tmp_path: Path) -> None:
    file = tmp_path / "db.sqlite3"
    file.write_text("kept")
    file.chmod(0o644)
    home.make_private(file)
    assert mode(file) == 0o600
    assert file.read_text() == "kept"


def test_two_hosts_do_not_share_a_home(tmp_path: Path) -> None:
    home.make(tmp_path)
    with (
        home.taken(tmp_path),
        pytest.raises(home.HomeTaken, match=r"already runs on .*PLEXICHAT_HOME"),
        home.taken(tmp_path),
    ):
        pass


def test_a_home_is_free_again_after_its_host(tmp_path: Path) -> None:
    home.make(tmp_path)
    for _ in range(2):
        with home.taken(tmp_path):
            assert int((tmp_path / "run" / "host.lock").read_text()) > 0
