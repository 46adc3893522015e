"""Catalogues: found, installed from, cooled down, updated from, and blocked by."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from plugins_registry import queries, services
from plugins_registry.catalogue.index import BadIndex, read_blocks, read_index
from plugins_registry.exceptions import CatalogueRefused, PackageRefused, RegistryError
from plugins_registry.models import (
    BlockedRelease,
    Catalogue,
    CatalogueRelease,
    Operation,
    Plugin,
    Problem,
    Upgrade,
)
from plugins_registry.states import State, UpgradeState, Wanted
from tests.registry.catalogues import Publisher, Server
from tests.registry.conftest import Write

pytestmark = [pytest.mark.django_db, pytest.mark.backends]

MANIFEST = """
  description: Counts words in every message
  author: Ada & Co
metadata:
  category: fun
  tags: [counting, words]
permissions:
  required: [send_message]
"""


@pytest.fixture
def publisher(tmp_path: Path, write: Write) -> Publisher:
    return Publisher(tmp_path, write)


@pytest.fixture
def server(publisher: Publisher, home: Path) -> Iterator[Server]:
    with Server(publisher.folder).running() as running:
        yield running


@pytest.fixture
def added(publisher: Publisher, server: Server) -> Callable[..., Catalogue]:
    """Adds the catalogue to the server, refreshed, with one release that is old enough."""

    def _added(manifest: str = MANIFEST, **facts: Any) -> Catalogue:
        publisher.publish(publisher.package(manifest=manifest))
        catalogue = services.add_catalogue("shop", server.url, publisher.root, **facts)
        services.refresh_catalogue("shop")
        return catalogue

    return _added


def plugin(*arguments: str) -> str:
    out = StringIO()
    call_command("plugin", *arguments, stdout=out)
    return out.getvalue()


def installed() -> str:
    found = Plugin.objects.get(name="demo")
    assert found.release is not None
    return found.release.version


def test_a_plugin_is_found_and_installed_by_name(
    publisher: Publisher, server: Server, tmp_path: Path
) -> None:
    publisher.publish(publisher.package(manifest=MANIFEST))
    root = tmp_path / "root.json"
    root.write_bytes(publisher.root)
    told = plugin("catalogue", "add", "shop", server.url, "--root", str(root))
    assert "shop offers 1 plugin" in told
    assert "Counts words" in plugin("search", "COUNTING", "words")
    assert "demo 1.0.0 is installed" in plugin("install", "demo", "--allow-unsigned")
    (row,) = json.loads(plugin("catalogue", "list", "--json"))
    assert (row["name"], row["plugins"], row["problem"]) == ("shop", 1, "")


def test_all_words_the_category_and_the_tag_must_fit(added: Callable[..., Catalogue]) -> None:
    added()
    (offer,) = queries.search(["ada", "message"], category="FUN", tag="Words")
    assert (offer.name, offer.version, offer.catalogue) == ("demo", "1.0.0", "shop")
    assert offer.capabilities == ("send_message",)
    assert queries.search(["ada", "missing"]) == []
    assert queries.search(category="work") == queries.search(tag="word") == []


def test_fetching_is_an_operation_that_can_be_followed(added: Callable[..., Catalogue]) -> None:
    added()
    steps = []
    with services.offered("demo", listener=lambda name, _: steps.append(name)) as path:
        assert path.name == "demo-1.0.0.zip"
    assert steps == ["ask", "fetch"]
    assert (Operation.objects.get(kind="fetch").plugin, path.exists()) == ("demo", False)


def test_a_folder_that_is_there_comes_first(added: Callable[..., Catalogue], write: Write) -> None:
    added()
    folder = write("other")
    with services.offered(folder) as path:
        assert path == folder


def test_what_nobody_offers_is_told_with_what_to_do(added: Callable[..., Catalogue]) -> None:
    added()
    with pytest.raises(CatalogueRefused, match="no catalogue offers a plugin of that name"):
        plugin_path("nothing")
    with pytest.raises(CatalogueRefused, match=r"does not offer demo 7; it has: 1\.0\.0"):
        plugin_path("demo==7")
    assert plugin_path("demo==1.0")


def plugin_path(source: str, **facts: Any) -> str:
    with services.offered(source, **facts) as path:
        return path.name


def test_a_refused_package_is_named_as_it_was_asked_for(
    added: Callable[..., Catalogue], publisher: Publisher
) -> None:
    added(manifest="")
    publisher.publish(publisher.package(version="2.0", manifest="endpoints: [nonsense]"))
    with pytest.raises(CommandError, match=r"^demo-2\.0 of shop cannot be installed: 1 problem"):
        plugin("install", "demo", "--now", "--allow-unsigned")


def test_a_name_that_two_catalogues_have_must_be_told_apart(
    added: Callable[..., Catalogue], publisher: Publisher, server: Server
) -> None:
    added()
    services.add_catalogue("second", server.url, publisher.root)
    services.refresh_catalogue("second")
    with pytest.raises(CatalogueRefused, match="several catalogues offer 'demo': second, shop"):
        plugin_path("demo")
    assert plugin_path("demo", catalogue="second") == "demo-1.0.0.zip"


# --- Fresh releases ---------------------------------------------------------------------------


def test_a_fresh_release_waits_unless_an_admin_insists(
    added: Callable[..., Catalogue], publisher: Publisher
) -> None:
    added()
    services.install(publisher.package(), allow_unsigned=True)
    # Whoever can publish could as well say that it was old; what counts is when we saw it first.
    publisher.publish(publisher.package(version="2.0.0"), days_ago=20)
    services.refresh_catalogue("shop")
    assert queries.updates() == []
    assert plugin_path("demo") == "demo-1.0.0.zip"
    with pytest.raises(CatalogueRefused, match="this server waits 3 days"):
        plugin_path("demo==2.0.0")
    assert plugin_path("demo", insist=True) == "demo-2.0.0.zip"


def test_an_old_enough_release_is_announced_and_taken(
    added: Callable[..., Catalogue], publisher: Publisher
) -> None:
    added(manifest="")
    services.install(publisher.package(), allow_unsigned=True)
    publisher.publish(publisher.package(version="2.0.0", manifest=MANIFEST))
    services.refresh_catalogue("shop")
    CatalogueRelease.objects.update(offered_at=timezone.now() - timedelta(days=4))
    services.refresh_catalogue("shop")  # keeps what it knows of the age
    (update,) = queries.updates()
    assert (update.name, update.installed, update.offer.version) == ("demo", "1.0.0", "2.0.0")
    assert update.new_capabilities == ("send_message",)
    assert "2.0.0" in plugin("updates")
    notice = Problem.objects.get(key="update:2.0.0")
    assert "it asks for send_message in addition" in notice.message
    plugin("upgrade", "demo", "--allow-unsigned", "--grant-all")
    assert installed() == "2.0.0"
    assert "nothing newer" in plugin("updates")
    services.refresh_catalogue("shop")
    assert not Problem.objects.filter(key="update:2.0.0").exists()


def test_what_is_the_same_is_not_written_again(
    added: Callable[..., Catalogue], publisher: Publisher
) -> None:
    added(manifest="")
    (key,) = CatalogueRelease.objects.values_list("pk", flat=True)
    services.refresh_catalogue("shop")
    assert CatalogueRelease.objects.get().pk == key
    publisher.publish(publisher.package("other"))
    services.refresh_catalogue("shop")
    assert CatalogueRelease.objects.get(plugin__name="demo").pk == key
    assert [offer.name for offer in queries.search()] == ["demo", "other"]
    index = json.loads(publisher.contents("index.json"))
    publisher.raw({"index.json": json.dumps({**index, "plugins": []}).encode()})
    services.refresh_catalogue("shop")
    assert queries.search() == []


def test_the_catalogues_word_on_age_counts_at_first_only(
    publisher: Publisher, server: Server
) -> None:
    publisher.publish(publisher.package(), days_ago=1)
    services.add_catalogue("shop", server.url, publisher.root)
    services.refresh_catalogue("shop")
    with pytest.raises(CatalogueRefused, match="has been offered only since"):
        plugin_path("demo")


def test_the_cooldown_can_be_switched_off(
    publisher: Publisher, server: Server, settings: Settings
) -> None:
    settings.PLEXICHAT_CATALOGUE_COOLDOWN_DAYS = 0
    publisher.publish(publisher.package(), days_ago=0)
    services.add_catalogue("shop", server.url, publisher.root)
    services.refresh_catalogue("shop")
    assert plugin_path("demo") == "demo-1.0.0.zip"


def test_a_release_for_another_server_is_passed_over(
    added: Callable[..., Catalogue], publisher: Publisher
) -> None:
    added(manifest="")
    publisher.publish(publisher.package(version="2.0", manifest="dependencies: {core: '>=9'}"))
    assert plugin_path("demo", insist=True) == "demo-1.0.0.zip"
    with pytest.raises(CatalogueRefused, match=r"this server is 2\.0\.0, and it needs '>=9'"):
        plugin_path("demo==2.0", insist=True)


# --- Blocked releases -------------------------------------------------------------------------


def enabled() -> Plugin:
    Plugin.objects.filter(name="demo").update(wanted=Wanted.ENABLED)
    return Plugin.objects.get(name="demo")


@pytest.mark.parametrize("how", ["demo==1.0", "demo", "digest"])
def test_a_blocked_release_is_stopped_and_stays_so(
    how: str, added: Callable[..., Catalogue], publisher: Publisher
) -> None:
    added(manifest="")
    release = services.install(publisher.package(), allow_unsigned=True).release
    assert release is not None
    enabled()
    publisher.publish(block=f"sha256:{release.digest}" if how == "digest" else how)
    assert services.refresh_catalogue("shop").stopped == ("demo",)
    assert Plugin.objects.get().wanted == Wanted.DISABLED
    problem = Problem.objects.get(key="blocked")
    assert (
        "release 1.0.0 was stopped: the catalogue 'shop' has blocked it: it steals passwords"
        in (problem.message)
    )
    assert "it steals passwords" in services.reasons_not_to_run(release.pk)[0]
    with pytest.raises(RegistryError, match="was not enabled: the catalogue 'shop' has blocked it"):
        services.enable("demo")


def test_a_blocked_release_does_not_pass_its_trial(
    added: Callable[..., Catalogue], publisher: Publisher
) -> None:
    added(manifest="")
    services.install(publisher.package(), allow_unsigned=True)
    enabled()
    services.observe("demo", state=State.ACTIVE)
    publisher.publish(publisher.package(version="2.0"))
    plugin("upgrade", "demo", "--now", "--allow-unsigned")
    trial = Upgrade.objects.get()
    assert trial.state == UpgradeState.TRIAL
    publisher.publish(block="demo==2.0")
    assert services.refresh_catalogue("shop").stopped == ()
    trial.refresh_from_db()
    assert (trial.state, installed()) == (UpgradeState.REFUSED, "1.0.0")
    assert "it steals passwords" in trial.reason


def test_an_admin_may_overrule_a_block(
    added: Callable[..., Catalogue], publisher: Publisher
) -> None:
    added(manifest="")
    release = services.install(publisher.package(), allow_unsigned=True).release
    publisher.publish(block="demo")
    services.refresh_catalogue("shop")
    number = str(BlockedRelease.objects.get().pk)
    plugin("catalogue", "overrule", "shop", number)
    services.refresh_catalogue("shop")  # remembers it
    assert release is not None
    assert services.reasons_not_to_run(release.pk) == []
    assert services.enable("demo").is_enabled
    plugin("catalogue", "overrule", "shop", number, "--heed")
    assert services.reasons_not_to_run(release.pk)


def test_a_block_that_is_taken_back_is_forgotten(
    added: Callable[..., Catalogue], publisher: Publisher
) -> None:
    added(manifest="")
    publisher.publish(block="demo==1.0.0")
    services.refresh_catalogue("shop")
    with pytest.raises(CatalogueRefused, match="has blocked it: it steals passwords"):
        plugin_path("demo")
    publisher.publish(unblock="demo==1.0.0")
    assert plugin_path("demo") == "demo-1.0.0.zip"


def test_blocks_of_a_catalogue_without_that_right_stop_nothing(
    added: Callable[..., Catalogue], publisher: Publisher
) -> None:
    added(manifest="", heeds_blocks=False)
    services.install(publisher.package(), allow_unsigned=True)
    enabled()
    publisher.publish(block="demo")
    assert services.refresh_catalogue("shop").stopped == ()
    assert Plugin.objects.get().is_enabled


def test_a_blocked_package_is_refused_whatever_way_it_comes(
    added: Callable[..., Catalogue], publisher: Publisher
) -> None:
    added(manifest="")
    publisher.publish(block="demo==1.0.0")
    services.refresh_catalogue("shop")
    with pytest.raises(PackageRefused, match="it steals passwords"):
        services.install(publisher.package(), allow_unsigned=True)
    services.install(publisher.package(version="1.1"), allow_unsigned=True)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_whatever_an_index_is_it_is_read_or_refused(raw: bytes) -> None:
    for text in (raw, b'{"format": 1, "plugins": [%s]}' % raw, b"[" * 10_000 + raw):
        for read in (read_index, read_blocks):
            with contextlib.suppress(BadIndex):
                read(text)


# --- The catalogues themselves ----------------------------------------------------------------


def test_due_catalogues_are_asked_once_a_day(
    added: Callable[..., Catalogue], server: Server
) -> None:
    added()
    server.asked.clear()
    services.refresh_due_catalogues()
    assert server.asked == []
    services.refresh_due_catalogues(now=timezone.now() + timedelta(hours=25))
    assert "/metadata/timestamp.json" in server.asked


def test_removing_a_catalogue_leaves_what_came_from_it(
    added: Callable[..., Catalogue], home: Path
) -> None:
    added(manifest="")
    plugin("install", "demo", "--allow-unsigned")
    assert (home / "catalogues" / "shop").is_dir()
    plugin("catalogue", "remove", "shop")
    assert (installed(), queries.search()) == ("1.0.0", [])
    assert not (home / "catalogues" / "shop").exists()


@pytest.mark.parametrize(
    ("name", "url", "sentence"),
    [
        ("Shop!", "https://example.com", "small letters, digits and dashes"),
        ("shop", "http://example.com", "only https is"),
        ("shop", "https://me:secret@example.com", "leave them out"),
        ("shop", "file:///etc", "must begin with https://"),
        ("shop", "https://exa mple.com", "no web address"),
    ],
)
def test_names_and_addresses_are_checked(
    name: str, url: str, sentence: str, publisher: Publisher, home: Path
) -> None:
    publisher.publish()
    with pytest.raises(CatalogueRefused, match=sentence):
        services.add_catalogue(name, url, publisher.root)
    assert not Catalogue.objects.exists()
    services.add_catalogue("shop", "https://example.com", publisher.root)


def test_only_a_root_is_trusted(publisher: Publisher, home: Path, tmp_path: Path) -> None:
    publisher.publish()
    altered = publisher.root.replace(b'"threshold":1', b'"threshold":2', 1)
    timestamp = (publisher.folder / "metadata" / "timestamp.json").read_bytes()
    for wrong in (b"", b"{}", timestamp, altered, b" " * 10**6):
        with pytest.raises(CatalogueRefused, match="root"):
            services.add_catalogue("shop", "https://example.com", wrong)
    with pytest.raises(CommandError, match=r"none\.json cannot be read: No such file"):
        plugin("catalogue", "add", "a", "https://e.com", "--root", str(tmp_path / "none.json"))
    services.add_catalogue("shop", "https://example.com", publisher.root)
