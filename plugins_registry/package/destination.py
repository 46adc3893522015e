"""The private folder into which a package is copied, file by file, under limits."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from plugins_registry.package.limits import Budget
from plugins_registry.package.paths import PathRegister, check_path

FILE_MODE, FOLDER_MODE = 0o644, 0o755
CHUNK_BYTES = 64 * 1024


@dataclass(frozen=True, kw_only=True)
class PackedFile:
    """One file of a package."""

    #: Relative, with slashes.
    path: str
    size_bytes: int
    sha256: str


class Destination:
    """Takes files and remembers them. The folder must exist, be empty and be the caller's own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.budget = Budget()
        self.files: list[PackedFile] = []
        self._register = PathRegister()

    def add(self, path: str, chunks: Iterable[bytes]) -> None:
        """Write one file. Raises `PackageProblem` as soon as a limit or rule is broken."""
        self._register.add_file(check_path(path))
        target = self.root / path
        self._make_folders(target.parent)
        digest, size = hashlib.sha256(), 0
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(os.open(target, flags, FILE_MODE), "wb") as file:
            os.fchmod(file.fileno(), FILE_MODE)  # whatever the umask says
            for chunk in chunks:
                size += len(chunk)
                self.budget.count_bytes(path, len(chunk), size)
                digest.update(chunk)
                file.write(chunk)
        self.files.append(PackedFile(path=path, size_bytes=size, sha256=digest.hexdigest()))

    def digest(self) -> str:
        """SHA-256 over the sorted paths and digests: the release's identity."""
        lines = sorted(f"{file.path}\0{file.sha256}\n" for file in self.files)
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    def _make_folders(self, folder: Path) -> None:
        if folder.is_dir():
            return
        self._make_folders(folder.parent)
        folder.mkdir()
        folder.chmod(FOLDER_MODE)
