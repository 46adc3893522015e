"""The corpus: whatever is broken or hostile is refused in words, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from plugins_registry import services
from plugins_registry.models import Plugin, Release
from plugins_registry.package.inspecting import inspect
from tests.registry.conftest import Install, Write, tree
from tests.registry.corpus import archives, folders, manifests
from tests.registry.signer import Signer

pytestmark = pytest.mark.django_db

Refused = Callable[[Path, str, str], None]


@pytest.fixture
def refused(home: Path) -> Refused:
    """Tries to install as an admin would, and reads what the admin reads."""

    def _refused(source: Path, says: str, advises: str) -> None:
        before = tree(home)
        with pytest.raises(CommandError) as caught:
            call_command("plugin", "install", str(source), "--allow-unsigned", stdout=StringIO())
        told = str(caught.value)
        assert says in told
        assert advises in told
        assert "Traceback" not in told
        assert len(told) < 5_000
        assert tree(home) == before
        assert not Plugin.objects.exclude(name="other").exists()
        assert not Release.objects.exclude(plugin__name="other").exists()

    return _refused


def test_the_corpus_is_large_and_no_two_are_called_the_same() -> None:
    for bad in (manifests.BAD, archives.BAD, folders.BAD):
        assert len({each.id for each in bad}) == len(bad)
    assert len(manifests.BAD) + len(archives.BAD) + len(folders.BAD) >= 120


@pytest.mark.parametrize("bad", manifests.BAD, ids=lambda bad: bad.id)
def test_a_bad_manifest_is_refused(
    bad: manifests.BadManifest, write: Write, refused: Refused
) -> None:
    source = write()
    text = bad.text.encode() if isinstance(bad.text, str) else bad.text
    (source / "plugin.yaml").write_bytes(text)
    refused(source, bad.says, bad.advises)


#: By their text: many bad ones share the least manifest as their twin.
TWINS = {bad.twin: bad.id for bad in manifests.BAD if bad.twin is not None}


@pytest.mark.parametrize("twin", TWINS, ids=TWINS.values())
def test_its_twin_is_taken(twin: str, write: Write, tmp_path: Path) -> None:
    source = write()
    (source / "plugin.yaml").write_text(twin)
    (tmp_path / "into").mkdir()
    assert inspect(source, tmp_path / "into").problems == ()


@pytest.mark.parametrize(
    "requirement",
    ["numpy", "numpy>=1.21,<3", "uvicorn[standard]==0.30.*", "x>=1; python_version >= '3.11'"],
)
def test_requirements_as_people_write_them_are_taken(
    requirement: str, write: Write, tmp_path: Path
) -> None:
    (tmp_path / "into").mkdir()
    source = write(manifest=f'dependencies:\n  packages: ["{requirement}"]\n')
    assert inspect(source, tmp_path / "into").problems == ()


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("bad", archives.BAD, ids=lambda bad: bad.id)
def test_a_bad_archive_is_refused(
    bad: archives.BadArchive, tmp_path: Path, refused: Refused
) -> None:
    source = tmp_path / "package.zip"
    bad.build(source)
    refused(source, bad.says, bad.advises)
    assert {path.name for path in tmp_path.iterdir()} == {"home", "package.zip"}


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"lib/a.py": "", "lib/b.py": ""},
        {"lib/\N{LATIN SMALL LETTER E WITH ACUTE}.py": "x = 1"},
        {"zeros.bin": bytes(100_000)},
        {f"f{at}": "" for at in range(1900)},
        {"big.py": "a\n" * 20_000},
        {"plugin.py": "# coding: utf-8\nx = '\N{GRINNING FACE}'\n"},
    ],
    ids=["good", "folder", "accent", "zeros", "many", "wordy", "encoding"],
)
def test_an_archive_that_only_looks_odd_is_taken(
    files: dict[str, str | bytes], tmp_path: Path, home: Path
) -> None:
    source = tmp_path / "package.zip"
    archives.pack(source, files)
    services.install(source, allow_unsigned=True)
    assert Plugin.objects.get().name == "demo"


@pytest.mark.parametrize("bad", folders.BAD, ids=lambda bad: bad.id)
def test_a_bad_folder_is_refused(bad: folders.BadFolder, write: Write, refused: Refused) -> None:
    signer = Signer()
    services.trust_publisher("Ada", signer.public)
    source = write()
    bad.spoil(source, signer)
    refused(source, bad.says, bad.advises)


def test_a_path_that_another_plugin_claims_is_refused(
    install: Install, write: Write, refused: Refused
) -> None:
    install("other", "endpoints: ['/api/v1/things/{id}']")
    source = write("demo", "endpoints: [/api/v1/things/mine]")
    refused(source, "plugin 'other' claims '/api/v1/things/{id}'", "choose another path")
    install("demo", "endpoints: [/api/v1/mine]", folder="twin")
    assert Plugin.objects.filter(name="demo").exists()


def test_code_that_fits_its_manifest_is_taken(install: Install) -> None:
    body = "    @hook('message_sent')\n    @endpoint('/api/v1/demo')\n    def x(self, given): ...\n"
    code = f"{folders.CODE}\nclass Demo(Plugin):\n{body}"
    install("demo", "hooks: [message_sent]\nendpoints: [/api/v1/demo]", files={"plugin.py": code})
    scanned = Release.objects.get().scanned
    assert scanned is not None
    assert scanned.hooks == ("message_sent",)
