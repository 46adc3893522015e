"""Archives that were made to harm: each builder writes one file; beside it what is said of it."""

from __future__ import annotations

import os
import stat
import struct
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

GOOD: Mapping[str, str | bytes] = {
    "plugin.yaml": "plugin: {name: demo, version: 1.0.0}\n",
    "plugin.py": "x = 1\n",
}

#: A megabyte of text that cannot be compressed much.
NOISE = os.urandom(1024**2 // 2).hex()


@dataclass(frozen=True, kw_only=True)
class BadArchive:
    """One archive that is refused."""

    id: str
    build: Callable[[Path], object]
    says: str
    advises: str


def pack(
    path: Path,
    files: Mapping[str, str | bytes],
    *,
    mode: int = 0,
    method: int = zipfile.ZIP_DEFLATED,
) -> None:
    """A zip of these names as they are, the good files among them."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in {**GOOD, **files}.items():
            entry = zipfile.ZipInfo("x")
            entry.filename = name
            entry.compress_type = method
            entry.external_attr = (mode << 16) if name not in GOOD else 0
            archive.writestr(entry, content)


def named(id: str, name: str, says: str = "the path") -> BadArchive:
    """An entry whose name is the harm."""
    return BadArchive(
        id=id, build=lambda path: pack(path, {name: "x"}), says=says, advises="rename it"
    )


def colliding(id: str, *names: str, says: str, advises: str) -> BadArchive:
    """Entries that some system cannot tell apart."""
    return BadArchive(
        id=id, build=lambda path: pack(path, dict.fromkeys(names, "")), says=says, advises=advises
    )


def special(id: str, mode: int, says: str, advises: str) -> BadArchive:
    """An entry that is no file."""
    return BadArchive(
        id=id,
        build=lambda path: pack(path, {"evil": "/etc/passwd"}, mode=mode | 0o777),
        says=says,
        advises=advises,
    )


def raw(id: str, content: bytes, says: str, advises: str) -> BadArchive:
    """Bytes that are no archive."""
    return BadArchive(
        id=id, build=lambda path: path.write_bytes(content), says=says, advises=advises
    )


def source(id: str, content: str | bytes, says: str, advises: str) -> BadArchive:
    """A Python file that cannot be read."""
    return BadArchive(
        id=id,
        build=lambda path: pack(path, {"lib/bad.py": content}),
        says=f"lib/bad.py: {says}",
        advises=advises,
    )


def duplicate(path: Path) -> None:
    """Two entries of one name, of which tools take different ones."""
    pack(path, {"lib/a.py": "", "lib/b.py": ""})
    path.write_bytes(path.read_bytes().replace(b"lib/b.py", b"lib/a.py"))


def encrypted(path: Path) -> None:
    """An entry that says it needs a password."""
    _flag(path, 0x1)


def undecodable(path: Path) -> None:
    """A name that is said to be UTF-8 and is not."""
    pack(path, {"lib/\N{LATIN SMALL LETTER E WITH ACUTE}.py": ""})
    path.write_bytes(path.read_bytes().replace(b"lib/\xc3\xa9.py", b"lib/\xc3\xc3.py"))


def unmarked(path: Path) -> None:
    """A name in a code page that nobody names."""
    pack(path, {"lib/\N{LATIN SMALL LETTER E WITH ACUTE}.py": ""})
    content = bytearray(path.read_bytes())
    at = content.rfind(b"PK\x01\x02")
    content[at + 9] &= ~0x08
    path.write_bytes(content)


def lying(path: Path) -> None:
    """An entry whose size is told smaller than it is."""
    pack(path, {"big.bin": os.urandom(5000)})
    content = bytearray(path.read_bytes())
    at = content.rfind(b"PK\x01\x02")
    content[at + 24 : at + 28] = struct.pack("<I", 10)
    path.write_bytes(content)


def overlapping(path: Path) -> None:
    """Two entries that share the same bytes, as the densest bombs do."""
    pack(path, {"lib/a.bin": os.urandom(50), "lib/b.bin": os.urandom(50)})
    content = bytearray(path.read_bytes())
    first = content.find(b"lib/a.bin") - 30
    last = content.rfind(b"PK\x01\x02")
    content[last + 42 : last + 46] = struct.pack("<I", first)
    path.write_bytes(content)


def truncated(path: Path) -> None:
    """An archive whose middle is gone."""
    pack(path, {"data.bin": os.urandom(2000)})
    content = path.read_bytes()
    path.write_bytes(content[:300] + content[900:])


def spoiled(path: Path) -> None:
    """An entry whose checksum does not fit."""
    pack(path, {"data.bin": os.urandom(500)}, method=zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    content[content.find(b"data.bin") + 100] ^= 0xFF
    path.write_bytes(content)


def _flag(path: Path, bit: int) -> None:
    pack(path, {"secret.bin": "x"})
    content = bytearray(path.read_bytes())
    for signature, at in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        content[content.rfind(signature) + at] |= bit
    path.write_bytes(content)


NAMES = (
    named("absolute", "/etc/cron.d/x"),
    named("climbing", "../x"),
    named("climbing inside", "lib/../../x"),
    named("here", "lib/./x"),
    named("empty part", "lib//x"),
    named("drive", "C:/x"),
    named("backslash", "..\\x"),
    named("nul", "lib/a\0.py"),
    named("line end", "lib/a\nb.py"),
    named("turned around", "lib/\N{RIGHT-TO-LEFT OVERRIDE}yp.exe"),
    named("decomposed", "lib/e\N{COMBINING ACUTE ACCENT}.py"),
    named("trailing space", "lib/a "),
    named("trailing dot", "lib/a."),
    named("stream", "lib/a:b"),
    named("wildcard", "lib/*.py"),
    BadArchive(
        id="long name",
        build=lambda path: pack(path, {"x" * 300: ""}),
        says="is longer than 200 characters",
        advises="shorten it",
    ),
    BadArchive(
        id="deep",
        build=lambda path: pack(path, {"/".join("abcdefghijklmnop"): ""}),
        says="deeper than 12 folders",
        advises="shorten it",
    ),
    colliding("case", "lib/A.py", "lib/a.py", says="differ only in case", advises="rename one"),
    colliding("folder case", "Lib/a.py", "lib/b.py", says="only in case", advises="rename one"),
    colliding("file and folder", "lib", "lib/a.py", says="is there twice", advises="remove one"),
    BadArchive(id="duplicate", build=duplicate, says="is there twice", advises="remove one"),
)
CONTENTS = (
    special("link", stat.S_IFLNK, "is a link", "pack the file itself"),
    special("pipe", stat.S_IFIFO, "neither a file nor a folder", "remove it"),
    special("device", stat.S_IFBLK, "neither a file nor a folder", "remove it"),
    special("socket", stat.S_IFSOCK, "neither a file nor a folder", "remove it"),
    BadArchive(id="encrypted", build=encrypted, says="is encrypted", advises="without a password"),
    BadArchive(
        id="lzma",
        build=lambda path: pack(path, {}, method=zipfile.ZIP_LZMA),
        says="in an unusual way",
        advises="use plain deflate",
    ),
    BadArchive(id="undecodable", build=undecodable, says="is not; pack", advises="another tool"),
    BadArchive(id="unmarked", build=unmarked, says="not stored as UTF-8", advises="another tool"),
    BadArchive(
        id="bomb",
        build=lambda path: pack(path, {"zeros": bytes(8 * 1024**2)}),
        says="would grow by more than 200 times",
        advises="leave it out",
    ),
    BadArchive(
        id="lying size", build=lying, says="the archive is damaged", advises="pack it again"
    ),
    BadArchive(id="overlapping", build=overlapping, says="is damaged", advises="pack it again"),
    BadArchive(id="truncated", build=truncated, says="is damaged", advises="pack it again"),
    BadArchive(id="checksum", build=spoiled, says="is damaged", advises="pack it again"),
    BadArchive(
        id="many files",
        build=lambda path: pack(path, {f"f{at}": "" for at in range(2001)}),
        says="more than 2000 files",
        advises="leave out",
    ),
    raw("no archive", b"hello", "is not a zip archive", "give a folder or a zip"),
    raw("empty file", b"", "is not a zip archive", "give a folder or a zip"),
    raw("tar", b"plugin.py" + bytes(503), "is not a zip archive", "give a folder or a zip"),
    raw(
        "zip64",
        b"PK\x06\x07" + bytes(16) + b"PK\x05\x06" + bytes(18),
        "zip64",
        "pack it as a plain zip",
    ),
    raw(
        "huge table",
        b"PK\x05\x06" + bytes(8) + b"\xff" * 8 + bytes(2),
        "more than 2000 files",
        "leave out",
    ),
)
SOURCES = (
    source("syntax", "def f(:\n", "not valid Python", "(line 1)"),
    source("utf16", "x = 1".encode("utf-16"), "not UTF-8", "save it as UTF-8"),
    source("utf7", "# coding: utf-7\n", "not UTF-8", "without a line about another encoding"),
    source("nul in code", "x = 1\0", "not", "Python"),
    source("parentheses", "(" * 5000, "not", "Python"),
    source("endless minus", "-" * 90_000 + "1", "not Python that can be read", "endless nesting"),
    source("endless calls", "f" + "()" * 20_000, "not Python", "look for NUL"),
    source(
        "large source",
        "#" + os.urandom(1024**2 // 2).hex() + "\n",
        "larger than 1048576 bytes",
        "split it",
    ),
    source("wordy source", "a\n" * 80_000, "more than 100000 words", "keep data in a data file"),
)

BAD = (*NAMES, *CONTENTS, *SOURCES)
