"""Python packages of plugins: resolved, locked, built beside, moved, shared, verified, removed."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from plugins_registry import services
from plugins_registry.dependencies import packages_of
from plugins_registry.dependencies.uv import BUILDER_UID
from plugins_registry.exceptions import PackageRefused
from plugins_registry.models import Operation, Plugin, Release
from plugins_registry.services.installing import Consent, bring_in
from tests.registry.conftest import Write, tree
from tests.registry.wheels import wheel, wheel_name

pytestmark = [pytest.mark.django_db]

NEEDS_TINY = "dependencies: {packages: ['tiny>=1']}"
BUNDLED = {f"wheels/{wheel_name('tiny')}": wheel("tiny")}


@pytest.fixture(autouse=True)
def _no_index(home: Path, settings: Settings) -> None:
    """Nothing is asked of anybody."""
    settings.PLEXICHAT_PACKAGE_OFFLINE = True
    settings.PLEXICHAT_PACKAGE_SOURCES = dict


@pytest.fixture
def shelf(tmp_path: Path, settings: Settings) -> Path:
    """A folder of wheels that stands for an index."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    settings.PLEXICHAT_PACKAGE_SOURCES = lambda: {"UV_FIND_LINKS": str(folder), "UV_NO_INDEX": "1"}
    return folder


def install(source: Path) -> Release:
    """Install and return the release."""
    release = services.install(source, allow_unsigned=True).release
    assert release is not None
    return release


def refusal(source: Path) -> str:
    """Why a package is refused; a refusal leaves nothing."""
    with pytest.raises(PackageRefused) as refused:
        services.install(source, allow_unsigned=True)
    assert not Plugin.objects.exists()
    return str(refused.value)


def test_bundled_packages_are_locked_and_installed_without_anybodys_help(
    write: Write, home: Path
) -> None:
    release = install(write("demo", NEEDS_TINY, files=BUNDLED))
    [folder] = release.site_packages
    assert (folder / "tiny.py").read_text() == "VERSION = '1.0'\n"
    assert [str(package) for package in packages_of(release.lock)] == ["tiny 1.0"]
    assert "--hash=sha256:" in release.lock
    assert folder == home / "environments" / "demo" / release.root.name
    assert services.reasons_not_to_run(release.pk) == []


def test_a_plugin_without_packages_gets_no_folder(write: Write, home: Path) -> None:
    release = install(write())
    assert release.site_packages == ()
    assert not (home / "environments").exists()


def test_bundled_wheels_are_preferred_to_newer_ones(write: Write, shelf: Path) -> None:
    (shelf / wheel_name("tiny", "2.0")).write_bytes(wheel("tiny", "2.0"))
    (shelf / wheel_name("small", "3.0")).write_bytes(wheel("small", "3.0"))
    manifest = "dependencies: {packages: [tiny, small]}"
    release = install(write("demo", manifest, files=BUNDLED))
    assert [str(each) for each in packages_of(release.lock)] == ["small 3.0", "tiny 1.0"]
    other = install(write("other", "dependencies: {packages: [tiny]}"))
    assert [str(each) for each in packages_of(other.lock)] == ["tiny 2.0"]


def test_plugins_share_the_bytes_of_the_same_package(write: Write, shelf: Path) -> None:
    (shelf / wheel_name("tiny")).write_bytes(wheel("tiny"))
    folders = [install(write(name, NEEDS_TINY)).site_packages[0] for name in ("one", "two")]
    assert len({(folder / "tiny.py").stat().st_ino for folder in folders}) == 1


def test_what_packages_need_comes_along(write: Write) -> None:
    files = {
        f"wheels/{wheel_name('tiny')}": wheel("tiny", requires=["small>=1"]),
        f"wheels/{wheel_name('small')}": wheel("small"),
    }
    release = install(write("demo", NEEDS_TINY, files=files))
    assert [str(each) for each in packages_of(release.lock)] == ["small 1.0", "tiny 1.0"]


def test_the_steps_can_be_followed(write: Write) -> None:
    heard: list[str] = []
    consent = Consent(allow_unsigned=True)
    bring_in(
        write("demo", NEEDS_TINY, files=BUNDLED),
        consent,
        listener=lambda name, text: heard.append(text),
    )
    assert heard[:2] == ["resolving its packages", "fetching 1 package"]
    steps = [step["name"] for step in Operation.objects.get().steps]
    assert steps[0] == "resolve"
    assert steps[-1] == "compile"


@pytest.mark.parametrize(
    ("manifest", "files", "words"),
    [
        ("{packages: [nowhere]}", {}, "no package 'nowhere' is there to install"),
        ("{packages: ['tiny>5']}", BUNDLED, "it needs tiny>5, and its bundled wheel is tiny==1.0"),
        (
            "{packages: [tiny]}",
            {
                f"wheels/{wheel_name('tiny', tag='cp27-cp27m-win32')}": wheel(
                    "tiny", tag="cp27-cp27m-win32"
                )
            },
            "there is no wheel of tiny",
        ),
        (
            "{packages: [tiny]}",
            {f"wheels/{wheel_name('tiny')}": b"no zip"},
            "dependencies.packages",
        ),
        ("{packages: [tiny]}", {"wheels/tiny.whl": wheel("tiny")}, "not the name of a wheel"),
    ],
    ids=["unknown", "version", "platform", "broken", "misnamed"],
)
def test_a_build_that_fails_explains_itself_and_leaves_nothing(
    manifest: str, files: Mapping[str, Any], words: str, write: Write, home: Path
) -> None:
    said = refusal(write("demo", f"dependencies: {manifest}", files=files))
    assert words in said
    assert str(home) not in said
    left = [path for path in tree(home) if not path.startswith("package-cache")]
    assert left in ([], [".lock"], ["environments", "environments/.lock"])


@pytest.mark.parametrize(
    "package",
    ["--index-url=http://x", "-r /etc/passwd", "../x", "./x.whl", "x @ file:///x", "x\n--pre"],
    ids=["option", "file", "up", "path", "address", "line"],
)
def test_only_names_and_version_ranges_can_be_asked_for(
    package: str, write: Write, home: Path
) -> None:
    escaped = package.replace("\n", "\\n")
    said = refusal(write("demo", f'dependencies: {{packages: ["{escaped}"]}}'))
    assert "dependencies.packages" in said


def test_a_version_that_does_not_exist_is_told(write: Write, shelf: Path) -> None:
    (shelf / wheel_name("tiny")).write_bytes(wheel("tiny"))
    assert "there is no tiny>5" in refusal(write("demo", "dependencies: {packages: ['tiny>5']}"))


def test_an_index_that_is_away_is_told(write: Write, settings: Settings) -> None:
    settings.PLEXICHAT_PACKAGE_OFFLINE = False
    settings.PLEXICHAT_PACKAGE_INDEX = "http://someone:secret@127.0.0.1:9/simple"
    settings.PLEXICHAT_PACKAGE_SOURCES = lambda: {"UV_HTTP_RETRIES": "0"}
    said = refusal(write("demo", NEEDS_TINY))
    assert "the package index cannot be reached" in said
    assert "secret" not in said


def test_packages_that_are_too_large_are_stopped(
    write: Write, settings: Settings, home: Path
) -> None:
    settings.PLEXICHAT_ENVIRONMENT_MAX_BYTES = 20_000
    large = wheel("tiny", files={"tiny_data.txt": "0" * 50_000})
    files = {f"wheels/{wheel_name('tiny')}": large}
    assert "larger than 20000 bytes" in refusal(write("demo", NEEDS_TINY, files=files))
    assert not (home / "environments" / "demo").exists()


def test_packages_that_have_too_many_files_are_stopped(write: Write, settings: Settings) -> None:
    settings.PLEXICHAT_ENVIRONMENT_MAX_FILES = 3
    assert "more than 3 files" in refusal(write("demo", NEEDS_TINY, files=BUNDLED))


def test_a_build_that_takes_too_long_is_stopped(write: Write, settings: Settings) -> None:
    settings.PLEXICHAT_ENVIRONMENT_SECONDS = 0
    said = refusal(write("demo", NEEDS_TINY, files=BUNDLED))
    assert "took longer than 0 s" in said or "still being installed" in said


def test_uv_learns_no_secret_and_asks_whom_the_operator_says(
    write: Write, tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    spy = tmp_path / "bin" / "uv"
    spy.parent.mkdir()
    spy.write_text(f'#!/bin/sh\nenv > "{tmp_path}/seen"\nexit 1\n')
    spy.chmod(0o755)
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setenv("PLEXICHAT_SECRET_KEY", "hush")
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://other/")
    settings.PLEXICHAT_PACKAGE_OFFLINE = False
    settings.PLEXICHAT_PACKAGE_INDEX = "http://mine/"
    refusal(write("demo", NEEDS_TINY))
    seen = (tmp_path / "seen").read_text()
    assert "UV_DEFAULT_INDEX=http://mine/" in seen
    assert "hush" not in seen
    assert "PLEXICHAT" not in seen
    assert "DATABASE" not in seen


def test_changed_packages_keep_a_release_from_starting(write: Write) -> None:
    source = write("demo", NEEDS_TINY, files=BUNDLED)
    release = install(source)
    module = release.site_packages[0] / "tiny.py"
    text = module.read_text()
    module.unlink()
    module.write_text(text.replace("1.0", "6.6"))
    [reason] = services.reasons_not_to_run(release.pk)
    assert "not those that were installed" in reason
    assert install(source).pk == release.pk  # the same release again replaces them
    assert module.read_text() == text
    assert services.reasons_not_to_run(release.pk) == []


def test_packages_of_another_python_keep_a_release_from_starting(write: Write) -> None:
    release = install(write("demo", NEEDS_TINY, files=BUNDLED))
    Release.objects.update(built_for="cpython-27")
    [reason] = services.reasons_not_to_run(release.pk)
    assert "cpython-27" in reason
    assert "install the same release again" in reason


def test_packages_go_to_the_bin_and_come_back(write: Write) -> None:
    release = install(write("demo", NEEDS_TINY, files=BUNDLED))
    [folder] = release.site_packages
    services.uninstall("demo")
    assert folder.is_dir()
    assert services.restore("demo").release == release
    assert services.reasons_not_to_run(release.pk) == []


@pytest.mark.django_db(transaction=True)
def test_packages_go_with_a_purged_plugin(write: Write, home: Path) -> None:
    [folder] = install(write("demo", NEEDS_TINY, files=BUNDLED)).site_packages
    services.uninstall("demo", purge=True)
    assert not folder.exists()
    assert not (home / "environments" / "demo").exists()


def test_an_upgrade_brings_packages_of_its_own(write: Write) -> None:
    first = install(write("demo", NEEDS_TINY, files=BUNDLED))
    newer = {f"wheels/{wheel_name('tiny', '2.0')}": wheel("tiny", "2.0")}
    source = write("demo", NEEDS_TINY, version="2.0.0", folder="second", files=newer)
    services.upgrade("demo", source, Consent(allow_unsigned=True))
    second = Plugin.objects.get(name="demo").release
    assert second is not None
    assert second.version == "2.0.0"
    versions = [(each.site_packages[0] / "tiny.py").read_text() for each in (first, second)]
    assert versions == ["VERSION = '1.0'\n", "VERSION = '2.0'\n"]


def test_the_next_build_sweeps_what_a_killed_one_left(write: Write, home: Path) -> None:
    [kept] = install(write("demo", NEEDS_TINY, files=BUNDLED)).site_packages
    for lost in (".staging-gone/environment", "demo/9-never", "gone/1-000"):
        (home / "environments" / lost).mkdir(parents=True)
    install(write("other", NEEDS_TINY, files=BUNDLED))
    folders = {path.name for path in (home / "environments").iterdir()}
    assert folders == {".lock", "demo", "other"}
    assert os.listdir(home / "environments" / "demo") == [kept.name]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can run uv as somebody else")
def test_where_the_server_is_root_uv_is_not(
    write: Write, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = Path("/usr/bin/python3")
    if not python.exists() or os.path.realpath(python).startswith("/root"):
        pytest.skip("no interpreter that everybody may run")
    monkeypatch.setattr(sys, "executable", str(python))
    for folder in (home, *home.parents):
        if folder.stat().st_uid == 0 and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o011)
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    (tmp_path / "bin").mkdir()
    spy = tmp_path / "bin" / "uv"
    spy.write_text("#!/bin/sh\nid -u >&2\nexit 1\n")
    spy.chmod(0o755)
    assert f"uv says: {BUILDER_UID}" in refusal(write("demo", NEEDS_TINY))
