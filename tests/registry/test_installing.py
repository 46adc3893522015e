"""Installing and uninstalling: all or nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import IntegrityError
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from plugins_registry import services
from plugins_registry.exceptions import (
    CapabilitiesRefused,
    OtherReleaseInstalled,
    PackageRefused,
    PluginNotFound,
    RegistryError,
    UnsignedRefused,
)
from plugins_registry.models import DeclinedBundle, Grant, Plugin, Release
from plugins_registry.services import installing
from plugins_registry.states import State, Wanted
from tests.registry.conftest import Install, Write, tree

pytestmark = [pytest.mark.django_db, pytest.mark.backends]

ASKS = "permissions: {required: [user_data_read], optional: [analytics_write]}"


def test_a_plugin_is_installed_disabled(install: Install, home: Path) -> None:
    plugin = install("demo", files={"lib/a.py": "a = 1"})
    assert (plugin.wanted, plugin.state) == (Wanted.DISABLED, State.STOPPED)
    release = Release.objects.get()
    assert release.root == home / "releases" / "demo" / f"1.0.0-{release.digest[:12]}"
    assert (release.root / "lib/a.py").read_text() == "a = 1"


def test_only_the_release_is_left_on_disk(install: Install, home: Path) -> None:
    install("demo")
    release = Release.objects.get()
    assert set(tree(home)) == {
        "releases",
        "releases/demo",
        release.path,
        f"{release.path}/plugin.py",
        f"{release.path}/plugin.yaml",
    }


@pytest.mark.parametrize(
    ("manifest", "files"),
    [
        ("resources: {limits: {memory: much}}", {}),
        ("endpoints: [/api/v1/users/x]", {}),
        ("dependencies: {plugins: [missing]}", {}),
        ("", {"plugin.py": "def"}),
    ],
    ids=["manifest", "claim", "plugins", "syntax"],
)
def test_a_refused_package_leaves_nothing_behind(
    manifest: str, files: dict[str, str], write: Write, home: Path
) -> None:
    with pytest.raises(PackageRefused):
        services.install(write("demo", manifest, files=files), allow_unsigned=True)
    assert tree(home) == {}
    assert not Plugin.objects.exists()


def test_a_refused_package_leaves_its_neighbours_as_they_were(
    install: Install, write: Write, home: Path
) -> None:
    install("good")
    before = tree(home)
    with pytest.raises(PackageRefused):
        services.install(write("bad", "hooks: ['?']"), allow_unsigned=True)
    assert tree(home) == before


def test_all_problems_of_a_package_are_told_at_once(write: Write, home: Path) -> None:
    source = write(
        "demo",
        "resources: {limits: {memory: 1 Gigabyte}}\nhooks: [Bad]",
        files={"broken.py": "def", "plugin.py": "("},
    )
    with pytest.raises(PackageRefused, match="4 problems") as refusal:
        services.install(source, allow_unsigned=True)
    assert len(refusal.value.problems) == 4


def test_an_unsigned_package_needs_the_admins_word(write: Write, home: Path) -> None:
    with pytest.raises(UnsignedRefused, match="--allow-unsigned"):
        services.install(write())
    assert tree(home) == {}
    assert services.install(write(), allow_unsigned=True).name == "demo"


def test_a_failure_of_the_database_leaves_nothing_behind(
    write: Write, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise IntegrityError("as if")

    monkeypatch.setattr(installing, "add_grants", fail)
    with pytest.raises(IntegrityError):
        services.install(write(), allow_unsigned=True)
    assert not [path for path in home.rglob("*") if path.is_file()]
    assert not Plugin.objects.exists()


def test_what_a_killed_install_left_is_replaced(install: Install, home: Path, write: Write) -> None:
    install("demo")
    release = Release.objects.get()
    (release.root / "stray.py").write_text("")
    Plugin.objects.all().delete()
    services.install(write(), allow_unsigned=True)
    assert not (release.root / "stray.py").exists()
    assert (release.root / "plugin.py").exists()


def test_the_same_release_again_changes_nothing(install: Install, home: Path) -> None:
    first, before = install("demo"), tree(home)
    assert install("demo") == first
    assert (tree(home), Release.objects.count()) == (before, 1)


def test_another_release_is_refused(install: Install) -> None:
    install("demo")
    with pytest.raises(OtherReleaseInstalled, match=r"release 1\.0\.0 is installed"):
        install("demo", version="2.0.0")


def test_other_contents_under_the_same_version_are_refused(install: Install) -> None:
    install("demo")
    with pytest.raises(OtherReleaseInstalled, match="with other contents"):
        install("demo", files={"plugin.py": "x = 2"})


def test_another_release_is_welcome_after_uninstalling(install: Install) -> None:
    install("demo")
    services.uninstall("demo")
    assert str(install("demo", version="2.0.0").release) == "demo 2.0.0"


def test_a_path_of_another_plugin_is_refused_naming_both(install: Install) -> None:
    install("first", "endpoints: ['/api/v1/shared/{id}']")
    with pytest.raises(PackageRefused, match="'/api/v1/shared/all' is taken: plugin 'first'"):
        install("second", "endpoints: [/api/v1/shared/all]")
    assert install("third", "endpoints: [/api/v1/other]").name == "third"


@pytest.mark.parametrize(
    ("consent", "granted"),
    [
        ({}, set()),
        ({"grants": ["user_data_read"]}, {"user_data_read"}),
        ({"grant_all": True}, {"user_data_read", "analytics_write"}),
    ],
    ids=["none", "one", "all"],
)
def test_what_is_granted_is_what_was_consented_to(
    consent: dict[str, object], granted: set[str], write: Write, home: Path
) -> None:
    services.install(write("demo", ASKS), allow_unsigned=True, **consent)  # type: ignore[arg-type]
    assert set(Grant.objects.values_list("capability", flat=True)) == granted


def test_what_the_manifest_does_not_ask_for_is_not_granted(write: Write, home: Path) -> None:
    with pytest.raises(CapabilitiesRefused, match="does not ask for admin; it asks for: user_data"):
        services.install(write("demo", ASKS), allow_unsigned=True, grants=["admin"])
    assert tree(home) == {}
    assert not Plugin.objects.exists()


def test_uninstalling_removes_rows_and_files(
    install: Install,
    home: Path,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    install("demo", ASKS + "\nsettings: {a: 1}")
    services.configure("demo", {"a": 2})
    with django_capture_on_commit_callbacks(execute=True):
        services.uninstall("demo", purge=True)
    assert not Plugin.objects.exists()
    assert not Grant.objects.exists()
    assert set(tree(home)) == {"releases"}


def test_a_plugin_that_is_not_there_is_named(install: Install) -> None:
    install("demo")
    with pytest.raises(PluginNotFound, match="no plugin 'domo' is installed; installed are: demo"):
        services.uninstall("domo")


def test_every_refusal_is_a_registry_error() -> None:
    for refusal in (PackageRefused, UnsignedRefused, OtherReleaseInstalled, CapabilitiesRefused):
        assert issubclass(refusal, RegistryError)


class TestBundled:
    """Plugins that come with the server."""

    def test_they_are_installed_granted_and_enabled_once(self, write: Write, home: Path) -> None:
        folder = write("demo", ASKS).parent
        assert services.install_bundled(folder) == ["demo"]
        plugin = Plugin.objects.get()
        assert (plugin.wanted, plugin.grants.count(), plugin.wish) == (Wanted.ENABLED, 2, 1)
        assert services.install_bundled(folder) == []
        assert Plugin.objects.get().wish == 1

    def test_a_change_gives_a_new_release_and_a_fresh_start(self, write: Write, home: Path) -> None:
        folder = write("demo").parent
        services.install_bundled(folder)
        write("demo", version="1.1.0")
        assert services.install_bundled(folder) == ["demo"]
        plugin = Plugin.objects.get()
        assert (str(plugin.release), plugin.wish) == ("demo 1.1.0", 2)

    def test_going_back_and_forth_works(self, write: Write, home: Path) -> None:
        folder = write("demo").parent
        for version in ("1.0.0", "1.1.0", "1.0.0", "1.2.0"):
            write("demo", version=version)
            services.install_bundled(folder)
        plugin = Plugin.objects.get()
        assert str(plugin.release) == "demo 1.2.0"
        assert plugin.release is not None
        assert (plugin.release.root / "plugin.py").exists()
        assert Release.objects.count() == 2

    def test_the_admins_disable_is_respected(self, write: Write, home: Path) -> None:
        folder = write("demo").parent
        services.install_bundled(folder)
        services.disable("demo")
        write("demo", version="1.1.0")
        services.install_bundled(folder)
        assert Plugin.objects.get().wanted == Wanted.DISABLED

    def test_the_admins_uninstall_is_respected(self, write: Write, home: Path) -> None:
        folder = write("demo").parent
        services.install_bundled(folder)
        services.uninstall("demo")
        assert services.install_bundled(folder) == []
        assert not Plugin.objects.exists()

    def test_installing_it_by_hand_ends_its_absence(self, write: Write, home: Path) -> None:
        source = write("demo")
        services.install_bundled(source.parent)
        services.uninstall("demo")
        services.install(source, allow_unsigned=True)
        assert Plugin.objects.get().name == "demo"
        assert not DeclinedBundle.objects.exists()

    def test_a_plugin_installed_by_hand_is_left_alone(self, install: Install, write: Write) -> None:
        install("demo")
        folder = write("demo", version="3.0.0", folder="bundle/demo").parent
        assert services.install_bundled(folder) == []
        assert str(Plugin.objects.get().release) == "demo 1.0.0"

    def test_a_broken_one_does_not_hold_up_the_others(self, write: Write, home: Path) -> None:
        write("broken", "hooks: ['?']")
        assert services.install_bundled(write("good").parent) == ["good"]
        assert Plugin.objects.get().name == "good"

    def test_a_folder_that_is_not_there_holds_nothing(self, home: Path, settings: Settings) -> None:
        assert services.install_bundled(home / "nowhere") == []
