"""Where releases live on disk: `releases/<plugin>/<version>-<digest>/` below the server's home."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from plugins_registry.conf import conf
from plugins_registry.package.destination import FOLDER_MODE

_DIGEST_CHARACTERS = 12
_STAGING = ".staging-"
#: Sandboxes with a user id of their own must pass through to their release, and see nothing else.
_HOME_MODE = 0o711


@contextmanager
def staging() -> Iterator[Path]:
    """A private folder on the same disk as the releases; gone afterwards, with what it needed."""
    made = _make_missing(_releases())
    folder = Path(tempfile.mkdtemp(prefix=_STAGING, dir=_releases()))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        for parent in made:
            _remove_if_empty(parent)


def sweep_staging(*, older_than_seconds: float) -> None:
    """Remove private folders that a killed process has left; no install takes that long."""
    before = time.time() - older_than_seconds
    for folder in _releases().glob(f"{_STAGING}*"):
        if folder.stat().st_mtime <= before:
            shutil.rmtree(folder, ignore_errors=True)


def release_path(plugin: str, version: str, digest: str) -> str:
    """The release's folder, relative to the server's home."""
    return f"releases/{plugin}/{version}-{digest[:_DIGEST_CHARACTERS]}"


@contextmanager
def keeping() -> Iterator[Callable[[Path, str], None]]:
    """Gives `keep(staged, path)`, which moves a staged package to its place, at once and whole.

    When the block fails, also by the commit of a transaction inside it, what was kept goes again.
    """
    kept: list[str] = []

    def keep(staged: Path, path: str) -> None:
        kept.append(path)
        _move(staged, conf.HOME / path)

    try:
        yield keep
    except BaseException:
        for path in kept:
            discard(path)
        raise


def discard(path: str) -> None:
    """Remove a release's folder, and its plugin's when that was the last one."""
    target = conf.HOME / path
    shutil.rmtree(target, ignore_errors=True)
    _remove_if_empty(target.parent)


def digest_of(path: str) -> str:
    """The digest of a release's folder as it is now; empty when there is anything but plain files.

    The same as `Destination.digest` gave when it was installed, if nobody has touched it.
    """
    root = conf.HOME / path
    lines = []
    for folder, folders, names in os.walk(root):
        if any(Path(folder, name).is_symlink() for name in (*folders, *names)):
            return ""
        for name in names:
            file = Path(folder, name)
            with file.open("rb") as opened:
                digest = hashlib.file_digest(opened, "sha256").hexdigest()
            lines.append(f"{file.relative_to(root).as_posix()}\0{digest}\n")
    return hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()


def _move(staged: Path, target: Path) -> None:
    _make_missing(target.parent)
    if target.exists():
        # Left by an install that was killed before it was recorded.
        shutil.rmtree(target)
    staged.chmod(FOLDER_MODE)
    staged.rename(target)


def _releases() -> Path:
    return conf.HOME / "releases"


def _make_missing(folder: Path) -> list[Path]:
    """Create a folder and those above it; returns the new ones, innermost first."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        path.chmod(_HOME_MODE if path == conf.HOME else FOLDER_MODE)
    return missing


def _remove_if_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        return  # somebody put something there, which is theirs
