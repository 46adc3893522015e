"""The bin: what is uninstalled can come back whole, and goes for good in time."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from plugins_registry import belongings, queries, services
from plugins_registry.exceptions import NotInBin, RestoreRefused
from plugins_registry.models import BinEntry, Plugin, Problem
from plugins_registry.permissions import find_permission
from plugins_registry.states import State
from tests.registry.conftest import Install, Write

pytestmark = pytest.mark.django_db

ASKS = """
permissions: {required: [user_data_read], optional: [analytics_write]}
settings: {limit: 1}
"""


class Shelf:
    """A keeper that remembers what it was asked."""

    name = "shelf"

    def __init__(self) -> None:
        self.kept = {"demo": 3, "other": 1}
        self.fails = False

    def summary(self, plugin: str) -> dict[str, int]:
        return {"things": self.kept.get(plugin, 0)}

    def export(self, plugin: str, archive: zipfile.ZipFile) -> None:
        archive.writestr("shelf/things.txt", "x" * self.kept[plugin])

    def purge(self, plugin: str) -> None:
        if self.fails:
            raise OSError("the shelf is stuck")
        self.kept.pop(plugin, None)


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    shelf = Shelf()
    monkeypatch.setattr(belongings, "_keepers", {})
    belongings.register(shelf)
    return shelf


def run(*words: object) -> str:
    out = StringIO()
    call_command("plugin", *map(str, words), stdout=out)
    return out.getvalue()


def offers(plugin: Plugin, *labels: str) -> None:
    assert plugin.release is not None
    endpoint = {"path": "/api/v1/demo", "methods": ["GET"], "permissions": labels, "summary": ""}
    services.describe(plugin.release.pk, hooks=[], endpoints=[endpoint], sockets=[])


def test_what_is_restored_is_what_was_there(install: Install, shelf: Shelf) -> None:
    plugin = install("demo", ASKS)
    offers(plugin, "demo.read")
    people = get_user_model()._default_manager
    ada = people.create_user(username="ada", password="a long passphrase")
    readers = Group.objects.create(name="readers")
    permission = find_permission("demo.read")
    assert permission is not None
    ada.user_permissions.add(permission)
    readers.permissions.add(permission)
    services.configure("demo", {"limit": 7})
    services.set_policy("demo", fail_policy="closed", priority=5)
    services.enable("demo")
    services.observe("demo", state=State.ACTIVE)

    services.uninstall("demo")
    assert find_permission("demo.read") is None
    assert [entry.name for entry in queries.bin_entries()] == ["demo"]
    restored = services.restore("demo")

    assert (restored.fail_policy, restored.priority) == ("closed", 5)
    assert (restored.wanted, restored.state) == ("disabled", "stopped")
    assert str(restored.release) == "demo 1.0.0"
    assert restored.release is not None
    assert restored.release.root.is_dir()
    assert queries.stored_config("demo") == {"limit": 7}
    assert {grant.capability for grant in restored.grants.all()} == {
        "user_data_read",
        "analytics_write",
    }
    ada = people.get(pk=ada.pk)
    assert ada.has_perm("demo.read")
    assert readers.permissions.filter(codename="read").exists()
    assert shelf.kept["demo"] == 3
    assert queries.bin_entries() == []


def test_who_granted_may_have_left_meanwhile(install: Install, write: Write) -> None:
    admin = get_user_model()._default_manager.create_user(username="root", password="long enough")
    services.install(write("demo", ASKS), allow_unsigned=True, grant_all=True, by=admin)
    services.uninstall("demo")
    admin.delete()
    assert {grant.granted_by for grant in services.restore("demo").grants.all()} == {None}


def test_what_is_not_in_the_bin_cannot_be_restored(install: Install, shelf: Shelf) -> None:
    install("demo")
    install("other")
    services.uninstall("demo", purge=True)
    services.uninstall("other")
    with pytest.raises(NotInBin, match="'demo' is not in the bin, which holds: other"):
        services.restore("demo")
    assert services.restore("other").name == "other"


def test_a_path_that_is_taken_meanwhile_is_named(install: Install) -> None:
    install("demo", "endpoints: [/api/v1/shared]")
    services.uninstall("demo")
    install("other", "endpoints: [/api/v1/shared]")
    with pytest.raises(RestoreRefused, match="'/api/v1/shared' is taken: plugin 'other'"):
        services.restore("demo")
    services.uninstall("other")
    assert services.restore("demo").name == "demo"


def test_files_that_are_gone_are_named(
    install: Install, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    plugin = install("demo")
    assert plugin.release is not None
    root = plugin.release.root
    services.uninstall("demo")
    assert root.is_dir()
    root.rename(root.with_name("elsewhere"))
    with pytest.raises(RestoreRefused, match="its files are gone"):
        services.restore("demo")


def test_installing_it_anew_finds_data_and_configuration(install: Install, shelf: Shelf) -> None:
    install("demo", ASKS)
    services.configure("demo", {"limit": 7})
    services.uninstall("demo")
    install("demo", ASKS, version="2.0.0")
    assert queries.stored_config("demo") == {"limit": 7}
    assert shelf.kept["demo"] == 3
    assert not BinEntry.objects.exists()


def test_a_configuration_that_does_not_fit_is_a_problem(install: Install) -> None:
    install("demo", "settings: {limit: 1}")
    services.configure("demo", {"limit": 7})
    services.uninstall("demo")
    install("demo", "settings: {limit: one}", version="2.0.0")
    assert queries.stored_config("demo") == {}
    assert "does not fit this release" in Problem.objects.get(key="configuration").message


def test_what_was_purged_is_gone_before_it_is_installed_anew(
    install: Install, shelf: Shelf
) -> None:
    install("demo", ASKS)
    services.configure("demo", {"limit": 7})
    services.uninstall("demo", purge=True)
    install("demo", ASKS, version="2.0.0")
    assert queries.stored_config("demo") == {}
    assert "demo" not in shelf.kept
    assert "other" in shelf.kept


def test_the_bin_is_emptied_in_time(
    install: Install,
    shelf: Shelf,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    plugin = install("demo")
    assert plugin.release is not None
    root = plugin.release.root
    services.uninstall("demo")
    with django_capture_on_commit_callbacks(execute=True):
        services.empty_bin()
    assert (shelf.kept["demo"], root.is_dir()) == (3, True)
    with django_capture_on_commit_callbacks(execute=True):
        services.empty_bin(now=timezone.now() + timedelta(days=31))
    assert ("demo" in shelf.kept, root.is_dir()) == (False, False)
    assert not BinEntry.objects.exists()


def test_what_cannot_be_removed_is_a_problem_and_tried_again(
    install: Install, shelf: Shelf
) -> None:
    install("demo")
    services.uninstall("demo", purge=True)
    shelf.fails = True
    services.empty_bin()
    assert "could not be removed" in Problem.objects.get(key="bin:demo").message
    shelf.fails = False
    services.empty_bin()
    assert not BinEntry.objects.exists()


def test_the_preview_says_what_would_go_and_changes_nothing(install: Install, shelf: Shelf) -> None:
    offers(install("demo", ASKS), "demo.read")
    said = run("uninstall", "demo", "--preview")
    for fact in ("shelf: 3 things", "/api/v1/demo", "permission demo.read: held by 0"):
        assert fact in said
    assert json.loads(run("uninstall", "demo", "--preview", "--json"))["belongings"] == {
        "shelf": {"things": 3}
    }
    assert Plugin.objects.exists()


def test_the_commands_walk_there_and_back(install: Install, shelf: Shelf) -> None:
    install("demo")
    assert "plugin restore demo" in run("uninstall", "demo")
    assert json.loads(run("bin", "--json"))[0]["version"] == "1.0.0"
    assert "demo 1.0.0 is restored" in run("restore", "demo")
    assert run("bin") == "the bin is empty\n"
    run("uninstall", "demo")
    assert "demo is gone for good" in run("bin", "--purge", "demo")
    assert "demo" not in shelf.kept
    with pytest.raises(CommandError, match="not in the bin"):
        run("bin", "--purge", "demo")
    install("demo")
    assert "its data is removed" in run("uninstall", "demo", "--purge")
    assert "demo" not in shelf.kept
    with pytest.raises(CommandError, match="not in the bin"):
        run("restore", "demo")


def test_the_export_has_everything_and_replaces_nothing(
    install: Install, shelf: Shelf, tmp_path: Path
) -> None:
    install("demo", ASKS)
    services.configure("demo", {"limit": 7})
    target = tmp_path / "out.zip"
    assert "everything of demo" in run("export", "demo", "--to", target)
    with zipfile.ZipFile(target) as archive:
        contents: dict[str, Any] = {name: archive.read(name) for name in archive.namelist()}
    assert contents["shelf/things.txt"] == b"xxx"
    assert json.loads(contents["configuration.json"]) == {"limit": 7}
    assert json.loads(contents["plugin.json"])["release"] == "1.0.0"
    with pytest.raises(CommandError, match="exists; name another file"):
        run("export", "demo", "--to", target)
