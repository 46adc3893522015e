"""Unpacking a zip archive that may have been made to harm.

Nothing is believed: names are checked as they are stored, sizes are counted as bytes come out,
and the table of contents is measured before it is read into memory.
"""

from __future__ import annotations

import errno
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from plugins_registry.conf import conf
from plugins_registry.package.destination import CHUNK_BYTES, Destination
from plugins_registry.package.limits import COMPRESSION_RATIO
from plugins_registry.package.paths import check_path, is_ignored
from plugins_registry.package.problems import PackageProblem

#: Room for the longest allowed path and the headers of each entry.
_TABLE_BYTES_PER_ENTRY = 512
_END_SIGNATURE, _END_BYTES = b"PK\x05\x06", 22
_ZIP64_LOCATOR, _ZIP64_LOCATOR_BYTES = b"PK\x06\x07", 20
_COMMENT_BYTES = 65_535
_ENCRYPTED, _UTF8 = 0x1, 0x800
#: What Python's reader raises for archives that contradict themselves.
_DAMAGES = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, struct.error),
    *(EOFError, NotImplementedError, RuntimeError, ValueError, OverflowError, IndexError),
)
#: Small files compress astonishingly well without meaning harm.
_RATIO_MATTERS_FROM_BYTES = 1024**2


def unpack_archive(source: Path, destination: Destination) -> None:
    """Unpack all files that belong to a release. Raises `PackageProblem` or `OSError`."""
    try:
        with source.open("rb") as file:
            _refuse_huge_table(file)
            with zipfile.ZipFile(file) as archive:
                _unpack(archive, destination)
    except UnicodeDecodeError as error:
        raise PackageProblem(
            "a path in it is said to be UTF-8 and is not; pack it with another tool"
        ) from error
    except _DAMAGES as error:
        raise PackageProblem(f"the archive is damaged: {error}; pack it again") from error
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        raise PackageProblem(
            "the archive is damaged: it points outside of itself; pack it again"
        ) from error


def _unpack(archive: zipfile.ZipFile, destination: Destination) -> None:
    entries = []
    for entry in archive.infolist():
        destination.budget.count_entry()
        if not _is_left_out(_checked_name(entry)):
            _refuse_special(entry)
            entries.append(entry)
    prefix = _common_folder([entry.filename for entry in entries])
    for entry in entries:
        if not entry.is_dir():
            path = entry.filename.removeprefix(prefix)
            destination.add(path, _chunks(archive, entry))


def _checked_name(entry: zipfile.ZipInfo) -> str:
    # As stored; in `filename` zipfile has already cut at NUL and turned separators.
    name = entry.orig_filename
    if not (name.isascii() or entry.flag_bits & _UTF8):
        raise PackageProblem(f"the path {name!r} is not stored as UTF-8; pack it with another tool")
    return check_path(name.removesuffix("/"))


def _is_left_out(name: str) -> bool:
    return any(is_ignored(part) for part in name.split("/"))


def _refuse_special(entry: zipfile.ZipInfo) -> None:
    name, mode = entry.filename, entry.external_attr >> 16
    if stat.S_ISLNK(mode):
        raise PackageProblem(f"{name!r} is a link; pack the file itself")
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise PackageProblem(f"{name!r} is neither a file nor a folder; remove it")
    if entry.flag_bits & _ENCRYPTED:
        raise PackageProblem(f"{name!r} is encrypted; pack it without a password")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise PackageProblem(f"{name!r} is compressed in an unusual way; use plain deflate")
    grown = entry.file_size > COMPRESSION_RATIO * max(entry.compress_size, 1)
    if grown and entry.file_size > _RATIO_MATTERS_FROM_BYTES:
        raise PackageProblem(
            f"{name!r} would grow by more than {COMPRESSION_RATIO} times; leave it out"
        )


def _common_folder(names: list[str]) -> str:
    """The one top folder that holds everything, with its slash; empty when there is none."""
    tops = {name.split("/")[0] for name in names}
    if len(tops) != 1 or "plugin.yaml" in names:
        return ""
    top = f"{tops.pop()}/"
    return top if all(name.startswith(top) for name in names) else ""


def _chunks(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(entry) as packed:
        while chunk := packed.read(CHUNK_BYTES):
            yield chunk


def _refuse_huge_table(file: BinaryIO) -> None:
    """Refuse a table of contents that would fill the memory before one entry was looked at."""
    size = file.seek(0, 2)
    start = max(0, size - _END_BYTES - _COMMENT_BYTES - _ZIP64_LOCATOR_BYTES)
    file.seek(start)
    tail = file.read()
    file.seek(0)
    end = tail.rfind(_END_SIGNATURE)
    if end < 0 or len(tail) < end + _END_BYTES:
        raise PackageProblem("it is not a zip archive; give a folder or a zip of one")
    if tail[max(0, end - _ZIP64_LOCATOR_BYTES) : end].startswith(_ZIP64_LOCATOR):
        raise PackageProblem("it is a zip64 archive, made for gigabytes; pack it as a plain zip")
    table_bytes = int.from_bytes(tail[end + 12 : end + 16], "little")
    if table_bytes > conf.PACKAGE_MAX_FILES * _TABLE_BYTES_PER_ENTRY:
        raise PackageProblem(
            f"it has more than {conf.PACKAGE_MAX_FILES} files; leave out what does not run"
        )
