"""Which files a package has, what it says of itself, and what identifies it."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from .failure import Failure

MANIFEST_FILE, SIGNATURE_FILE = "plugin.yaml", "plugin.sig"
#: Left behind by tools, never part of a package; servers leave the same out.
_IGNORED = frozenset(
    {
        *(".DS_Store", ".git", ".hg", ".svn", "__MACOSX", "__pycache__"),
        *(".mypy_cache", ".pytest_cache", ".ruff_cache"),
    }
)
_IGNORED_SUFFIXES = (".pyc", ".pyo")
#: What a server takes unless its operator says otherwise.
FILES, TOTAL_BYTES = 2000, 64 * 1024**2
#: Every pack of the same files is the same archive.
_PACKED_AT = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, kw_only=True)
class Package:
    """A package's files in memory, and its manifest as written."""

    #: Contents by path, relative, with slashes.
    files: Mapping[str, bytes]
    manifest: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The plugin's name."""
        return self._said("name")

    @property
    def version(self) -> str:
        """The release's version."""
        return self._said("version")

    @property
    def digest(self) -> str:
        """The release's identity, as servers compute it: SHA-256 over paths and digests."""
        lines = sorted(f"{path}\0{_sha256(content)}\n" for path, content in self.files.items())
        return _sha256("".join(lines).encode())

    @property
    def signed_files(self) -> dict[str, str]:
        """SHA-256 by path of all that a signature speaks of: everything but itself."""
        return {
            path: _sha256(content)
            for path, content in sorted(self.files.items())
            if path != SIGNATURE_FILE
        }

    def section(self, name: str) -> Mapping[str, Any]:
        """A section of the manifest; empty when there is none."""
        found = self.manifest.get(name)
        return found if isinstance(found, dict) else {}

    def _said(self, key: str) -> str:
        value = self.section("plugin").get(key)
        if not isinstance(value, str) or not value:
            raise Failure(
                f"{MANIFEST_FILE}: plugin.{key} must be a text; put it in quotes if it looks like "
                f"a number"
            )
        return value


def read_package(source: Path) -> Package:
    """Read a plugin's folder, or a zip archive of one."""
    if source.is_dir():
        files = _of_folder(source)
    elif source.is_file():
        files = _of_archive(source)
    else:
        raise Failure(f"there is no folder or archive {source}; check the path")
    return Package(files=files, manifest=_manifest(files))


def write_archive(package: Package, target: Path) -> None:
    """Write a zip archive; the same files give the same bytes."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in sorted(package.files.items()):
            entry = zipfile.ZipInfo(path, date_time=_PACKED_AT)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)


def _of_folder(folder: Path) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    total = 0
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if any(_is_ignored(part) for part in inside.parts):
            continue
        if path.is_symlink():
            raise Failure(f"{inside} is a link; put the file itself there")
        if path.is_file():
            total += path.stat().st_size
            _refuse_too_much(len(found) + 1, total)
            found[inside.as_posix()] = path.read_bytes()
    return found


def _of_archive(source: Path) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(source) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            _refuse_too_much(len(entries), sum(entry.file_size for entry in entries))
            found = {entry.filename: archive.read(entry) for entry in entries}
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise Failure(f"{source} is no zip archive that can be read: {error}") from error
    kept = {path: found[path] for path in found if not any(map(_is_ignored, path.split("/")))}
    tops = {path.split("/")[0] for path in kept}
    if len(tops) == 1 and MANIFEST_FILE not in kept:  # the folder itself was packed
        return {path.partition("/")[2]: content for path, content in kept.items()}
    return kept


def _manifest(files: Mapping[str, bytes]) -> dict[str, Any]:
    if MANIFEST_FILE not in files:
        raise Failure(f"there is no {MANIFEST_FILE} at its top; every plugin needs one")
    try:
        # Versions like 1.10 shall stay what was written, so every scalar is read as text.
        read = yaml.BaseLoader(files[MANIFEST_FILE].decode("utf-8-sig")).get_single_data()
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise Failure(f"{MANIFEST_FILE} cannot be read: {error}") from error
    if not isinstance(read, dict):
        raise Failure(f"{MANIFEST_FILE} holds no sections")
    return read


def _refuse_too_much(files: int, total_bytes: int) -> None:
    if files > FILES or total_bytes > TOTAL_BYTES:
        raise Failure(
            f"a package has at most {FILES} files of {TOTAL_BYTES // 1024**2} MiB together; leave "
            f"out what does not run"
        )


def _is_ignored(name: str) -> bool:
    return name in _IGNORED or name.endswith(_IGNORED_SUFFIXES)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
