"""Reading packages that may have been made to harm: nothing escapes, nothing is left behind."""

from __future__ import annotations

import os
import re
import socket
import stat
import struct
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from pytest_django import Settings

from plugins_registry.exceptions import PackageRefused
from plugins_registry.package.inspecting import Inspection, inspect
from tests.registry.conftest import Write

GOOD = {"plugin.yaml": "plugin: {name: demo, version: 1.0}", "plugin.py": "x = 1\n"}


@pytest.fixture
def into(tmp_path: Path) -> Path:
    folder = tmp_path / "into"
    folder.mkdir()
    return folder


@pytest.fixture
def look(into: Path) -> Callable[[Path], Inspection]:
    return lambda source: inspect(source, into)


def zipped(path: Path, files: Mapping[str, str | bytes], **options: int) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo("x")
            entry.filename = name
            entry.compress_type = zipfile.ZIP_DEFLATED
            for field, value in options.items():
                setattr(entry, field, value if name not in GOOD else getattr(entry, field))
            archive.writestr(entry, content)
    return path


def refused(source: Path, into: Path, words: str) -> None:
    with pytest.raises(PackageRefused, match=words):
        inspect(source, into)


def test_a_folder_and_its_zip_have_the_same_digest(write: Write, tmp_path: Path) -> None:
    folder = write(files={"lib/a.py": "a = 1\n", "data/x.bin": b"\0\1"})
    names = [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]
    flat = zipped(tmp_path / "flat.zip", {name: (folder / name).read_bytes() for name in names})
    nested = zipped(
        tmp_path / "nested.zip", {f"top/{name}": (folder / name).read_bytes() for name in names}
    )
    looks = []
    for source in (folder, flat, nested):
        target = tmp_path / f"into-{source.name}"
        target.mkdir()
        looks.append(inspect(source, target))
    assert len({look.digest for look in looks}) == 1
    assert sorted(file.path for file in looks[0].files) == sorted(names)


def test_the_digest_depends_on_names_and_contents(write: Write, tmp_path: Path) -> None:
    digests = set()
    for at, files in enumerate([{"a": "x"}, {"b": "x"}, {"a": "y"}]):
        target = tmp_path / f"into-{at}"
        target.mkdir()
        digests.add(inspect(write(folder=f"source-{at}", files=files), target).digest)
    assert len(digests) == 3


def test_copies_are_readable_and_not_executable(write: Write, into: Path) -> None:
    source = write(files={"lib/tool.py": ""})
    (source / "lib/tool.py").chmod(0o4777)
    inspect(source, into)
    assert stat.S_IMODE((into / "lib/tool.py").stat().st_mode) == 0o644
    assert stat.S_IMODE((into / "lib").stat().st_mode) == 0o755


def test_what_tools_leave_behind_is_left_out(write: Write, into: Path) -> None:
    litter = {".git/config": "", "__pycache__/plugin.pyc": "", "lib/x.pyc": "", "lib/x.py": ""}
    inspect(write(files=litter), into)
    kept = sorted(str(path.relative_to(into)) for path in into.rglob("*") if path.is_file())
    assert kept == ["lib/x.py", "plugin.py", "plugin.yaml"]


def test_a_link_in_a_folder_is_refused(write: Write, into: Path) -> None:
    source = write()
    (source / "secrets.txt").symlink_to("/etc/passwd")
    refused(source, into, "'secrets.txt' is a link; put the file itself there")


def test_a_linked_folder_is_refused(write: Write, into: Path) -> None:
    source = write()
    (source / "lib").symlink_to("/etc")
    refused(source, into, "'lib' is a link")


def test_a_pipe_is_refused_without_waiting_for_it(write: Write, into: Path) -> None:
    source = write()
    os.mkfifo(source / "pipe")
    refused(source, into, "'pipe' is neither a file nor a folder")


def test_a_socket_is_refused(write: Write, into: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write()
    monkeypatch.chdir(source)  # a socket's path is short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("door")
        refused(source, into, "'door' is neither a file nor a folder")


@pytest.mark.parametrize(
    "name",
    [
        "/etc/cron.d/x",
        "../x",
        "a/../../x",
        "a/./x",
        "a//x",
        "C:/x",
        "C:\\x",
        "..\\x",
        "a\\b",
        "nul\0.py",
        "line\nend.py",
        "left\u202eright.py",
        "e\u0301.py",
        "trailing ",
        "trailing.",
        "x" * 300,
        "/".join("abcdefghijklmn"),
        "a:stream",
        "what?",
    ],
    ids=ascii,
)
def test_a_hostile_name_in_an_archive_is_refused(name: str, tmp_path: Path, into: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    source = zipped(tmp_path / "evil.zip", {**GOOD, name: "x"})
    refused(source, into, "the path")
    assert sorted(tmp_path.rglob("*")) == sorted([*before, source])


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["lib/A.py", "lib/a.py"], "differ only in case"),
        (["Lib/a.py", "lib/b.py"], "differ only in case"),
        (["straße.py", "STRASSE.py"], "differ only in case"),
        (["lib", "lib/a.py"], "is there twice"),
        (["lib/a.py", "lib"], "is there twice"),
    ],
    ids=["case", "folder case", "sharp s", "file then folder", "folder then file"],
)
def test_names_that_collide_are_refused(
    names: list[str], words: str, tmp_path: Path, into: Path
) -> None:
    refused(zipped(tmp_path / "x.zip", {**GOOD, **dict.fromkeys(names, "")}), into, words)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_the_same_name_twice_is_refused(tmp_path: Path, into: Path) -> None:
    source = zipped(tmp_path / "x.zip", GOOD)
    with zipfile.ZipFile(source, "a") as archive:
        archive.writestr("plugin.py", "evil = 1")
    refused(source, into, "is there twice")


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        (stat.S_IFLNK, "is a link"),
        (stat.S_IFIFO, "neither a file nor a folder"),
        (stat.S_IFCHR, "neither a file nor a folder"),
    ],
    ids=["link", "pipe", "device"],
)
def test_special_entries_are_refused(mode: int, words: str, tmp_path: Path, into: Path) -> None:
    files = {**GOOD, "evil": "/etc/passwd"}
    source = zipped(tmp_path / "x.zip", files, external_attr=(mode | 0o777) << 16)
    refused(source, into, words)


def test_an_encrypted_entry_is_refused(tmp_path: Path, into: Path) -> None:
    source = zipped(tmp_path / "x.zip", {**GOOD, "secret": "x"})
    raw = bytearray(source.read_bytes())
    for signature, at in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        raw[raw.rfind(signature) + at] |= 1
    source.write_bytes(raw)
    refused(source, into, "is encrypted")


def test_an_unusual_compression_is_refused(tmp_path: Path, into: Path) -> None:
    source = tmp_path / "x.zip"
    with zipfile.ZipFile(source, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("plugin.py", "x")
    refused(source, into, "compressed in an unusual way")


def test_a_bomb_is_refused(tmp_path: Path, into: Path) -> None:
    source = zipped(tmp_path / "x.zip", {**GOOD, "zeros": b"\0" * 8 * 1024**2})
    refused(source, into, "would grow by more than 200 times")


def test_a_size_that_lies_is_counted_as_it_comes(
    tmp_path: Path, into: Path, settings: Settings
) -> None:
    settings.PLEXICHAT_PACKAGE_MAX_FILE_BYTES = 1000
    source = zipped(tmp_path / "x.zip", {**GOOD, "big": os.urandom(5000)})
    raw = bytearray(source.read_bytes())
    at = raw.rfind(b"PK\x01\x02")
    raw[at + 24 : at + 28] = struct.pack("<I", 10)
    source.write_bytes(raw)
    with pytest.raises(PackageRefused):
        inspect(source, into)
    assert not (into / "big").exists() or (into / "big").stat().st_size <= 1000


@pytest.mark.parametrize("kind", ["folder", "zip"])
@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("PLEXICHAT_PACKAGE_MAX_FILES", 5, "more than 5 files"),
        ("PLEXICHAT_PACKAGE_MAX_FILE_BYTES", 100, "is larger than 100 bytes"),
        ("PLEXICHAT_PACKAGE_MAX_TOTAL_BYTES", 300, "it is larger than 300 bytes"),
    ],
    ids=["files", "file bytes", "total bytes"],
)
def test_limits_hold(
    kind: str, setting: str, value: int, words: str, tmp_path: Path, into: Path, settings: Settings
) -> None:
    files: dict[str, str | bytes] = {**GOOD, **{f"{at}": os.urandom(60) for at in range(8)}}
    if "FILE_BYTES" in setting:
        files["big"] = os.urandom(200)
    if kind == "zip":
        source = zipped(tmp_path / "x.zip", files)
    else:
        source = tmp_path / "folder"
        source.mkdir()
        for name, content in files.items():
            (source / name).write_bytes(content.encode() if isinstance(content, str) else content)
    setattr(settings, setting, value)
    refused(source, into, words)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "not a zip archive"),
        (b"hello", "not a zip archive"),
        (b"PK\x05\x06" + b"\0" * 10, "not a zip archive"),
        (b"PK\x06\x07" + b"\0" * 16 + b"PK\x05\x06" + b"\0" * 18, "zip64"),
        (b"PK\x05\x06" + b"\0" * 8 + b"\xff" * 8 + b"\0\0", "more than 2000 files"),
    ],
    ids=["empty", "text", "short", "zip64", "huge table"],
)
def test_what_is_no_archive_is_refused(raw: bytes, words: str, tmp_path: Path, into: Path) -> None:
    source = tmp_path / "x.zip"
    source.write_bytes(raw)
    refused(source, into, words)


def test_a_damaged_archive_is_refused(tmp_path: Path, into: Path) -> None:
    source = zipped(tmp_path / "x.zip", {**GOOD, "data": os.urandom(500)})
    raw = bytearray(source.read_bytes())
    at = raw.rfind(b"PK\x03\x04") + 100
    raw[at : at + 50] = b"\xff" * 50
    source.write_bytes(raw)
    refused(source, into, "the archive is damaged")


def test_a_source_that_is_not_there_is_refused(tmp_path: Path, into: Path) -> None:
    refused(tmp_path / "nowhere", into, "there is no such folder or zip archive")


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"bad.py": "def f(:\n"}, r"bad.py: not valid Python: .* \(line 1\)"),
        ({"lib/bad.py": b"\xff\xfe"}, "lib/bad.py: not UTF-8"),
        ({"bad.py": "x = 1\0"}, "bad.py: not"),
        ({"bad.py": "(" * 5000}, "bad.py: not"),
        ({"bad.py": "-" * 90_000 + "1"}, "bad.py: not"),
        ({"bad.py": "#" * 1024**2 + "\n"}, "bad.py: larger than"),
        ({"plugin.yaml": b"\xff"}, "plugin.yaml is not UTF-8"),
    ],
    ids=["syntax", "encoding", "nul", "parentheses", "nesting", "size", "manifest"],
)
def test_unreadable_files_are_found_without_running_them(
    files: dict[str, str | bytes],
    words: str,
    write: Write,
    look: Callable[[Path], Inspection],
) -> None:
    assert re.search(words, "\n".join(look(write(files=files)).problems))


def test_good_sources_have_no_problems_and_are_not_run(
    write: Write, look: Callable[[Path], Inspection]
) -> None:
    assert look(write(files={"plugin.py": "raise SystemExit"})).problems == ()


@pytest.mark.parametrize(
    ("entry_point", "files", "is_found"),
    [
        ("", {"plugin.py": ""}, True),
        ("", {"demo/__init__.py": ""}, True),
        ("", {"demo.py": ""}, True),
        ("", {"other.py": ""}, False),
        ("my.code:Plugin", {"my/code.py": ""}, True),
        ("my.code:Plugin", {"my/code/__init__.py": ""}, True),
        ("my.code:Plugin", {"plugin.py": ""}, False),
    ],
    ids=["plugin.py", "package", "module", "neither", "entry module", "entry package", "no entry"],
)
def test_a_module_for_the_plugins_class_must_be_there(
    entry_point: str,
    files: dict[str, str],
    write: Write,
    look: Callable[[Path], Inspection],
    *,
    is_found: bool,
) -> None:
    source = write(entry_point=entry_point, files=files)
    if "plugin.py" not in files:
        (source / "plugin.py").unlink()
    problems = look(source).problems
    assert (not problems) is is_found
    assert is_found or "there is no" in problems[0]
