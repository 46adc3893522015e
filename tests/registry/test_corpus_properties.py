"""Whatever bytes come: a reading or a refusal, soon, and never another exception."""

from __future__ import annotations

import io
import tempfile
import time
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plugins_registry.exceptions import PackageRefused
from plugins_registry.manifest import Manifest, read_manifest
from plugins_registry.package.inspecting import inspect
from plugins_registry.scanning import Report

#: What a single example may take: generous, since a build machine may be slow.
SECONDS = 5.0
quick = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))

KEYS = st.sampled_from(
    [
        *("plugin", "metadata", "dependencies", "permissions", "resources", "hooks", "endpoints"),
        *("settings", "settings_schema", "name", "version", "packages", "required", "limits"),
        *("cpu", "memory", "tags", "core", "python", "type", "properties", "$ref", "secret"),
    ]
)
SCALARS = st.one_of(
    st.text(max_size=20), st.integers(), st.floats(), st.booleans(), st.none(), KEYS
)
VALUES = st.recursive(
    SCALARS,
    lambda below: st.lists(below, max_size=4) | st.dictionaries(KEYS, below, max_size=4),
    max_leaves=15,
)


def written(value: object) -> str:
    """YAML's flow style, as far as a hostile author keeps to it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {written(below)}" for key, below in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    return str(value)


def read(text: str) -> None:
    begun = time.monotonic()
    reading = read_manifest(text)
    assert (reading.manifest is None) == bool(reading.problems)
    assert all(str(problem).strip() for problem in reading.problems)
    if reading.manifest is not None:
        stored = reading.manifest.model_dump(mode="json")
        assert Manifest.model_validate(stored) == reading.manifest
    assert time.monotonic() - begun < SECONDS


def look(raw: bytes) -> None:
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        source, into = Path(folder, "package.zip"), Path(folder, "into")
        source.write_bytes(raw)
        into.mkdir()
        try:
            inspection = inspect(source, into)
        except PackageRefused as refusal:
            said = refusal.problems
        else:
            said = inspection.problems or ("it can be installed",)
            assert inspection.manifest or inspection.problems
            if inspection.report is not None:
                assert Report.from_json(inspection.report.to_json()) == inspection.report
        assert said
        assert all(said)
        assert {path.name for path in Path(folder).iterdir()} == {"package.zip", "into"}
    assert time.monotonic() - begun < SECONDS


def archive(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as packed:
        for name, content in files.items():
            entry = zipfile.ZipInfo("x")
            entry.filename, entry.compress_type = name, method  # as it is, not as it should be
            packed.writestr(entry, content)
    return out.getvalue()


GOOD = archive(
    {
        "plugin.yaml": b"plugin: {name: demo, version: 1.0.0}",
        "plugin.py": b"import os\nx = 'SELECT 1 FROM users'\n" * 20,
        "lib/\N{LATIN SMALL LETTER E WITH ACUTE}.py": b"y = 2\n",
        "migrations/0001_x.sql": b"CREATE TABLE x (y int);",
    }
)


@quick
@given(st.text(max_size=400))
def test_any_text_is_read_or_refused(text: str) -> None:
    read(text)


@quick
@given(VALUES)
def test_any_values_are_read_or_refused(values: object) -> None:
    read(written(values))


@quick
@given(st.dictionaries(KEYS, VALUES, max_size=6))
def test_any_sections_beside_a_good_one_are_read_or_refused(sections: dict[str, object]) -> None:
    rest = "".join(f"{key}: {written(value)}\n" for key, value in sections.items())
    read(f"plugin: {{name: demo, version: 1.0.0}}\n{rest}")


@quick
@given(st.binary(max_size=300))
def test_any_bytes_are_an_archive_or_refused(raw: bytes) -> None:
    look(raw)


@quick
@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), max_size=6))
def test_an_archive_with_any_bytes_exchanged_is_read_or_refused(
    exchanged: list[tuple[int, int]],
) -> None:
    raw = bytearray(GOOD)
    for at, byte in exchanged:
        raw[at] = byte
    look(bytes(raw))


@quick
@given(st.integers(0, len(GOOD)), st.integers(0, len(GOOD)))
def test_an_archive_with_a_hole_is_read_or_refused(begin: int, end: int) -> None:
    look(GOOD[:begin] + GOOD[end:])


@pytest.mark.filterwarnings("ignore:Duplicate name")
@quick
@given(st.dictionaries(st.text(min_size=1, max_size=30), st.binary(max_size=60), max_size=5))
def test_any_names_and_contents_are_read_or_refused(files: dict[str, bytes]) -> None:
    plain = {name.encode("utf-8", "replace").decode(): raw for name, raw in files.items()}
    look(archive({"plugin.yaml": b"plugin: {name: demo, version: 1.0.0}", **plain}))


@quick
@given(st.text(max_size=300), st.text(max_size=200))
def test_any_code_is_scanned_or_refused(code: str, argument: str) -> None:
    head = "from plexichat_plugin_sdk import *\nclass Demo(Plugin):\n"
    method = f"    @hook({argument!r})\n    @endpoint({argument!r})\n    def f(self): ...\n"
    files = {"plugin.py": head + method + code, "other.py": code}
    raw = {name: text.encode("utf-8", "replace") for name, text in files.items()}
    look(archive({"plugin.yaml": b"plugin: {name: demo, version: 1.0.0}", **raw}))
