"""What the admin shows of a plugin's life, and what can be done there: asked, allowed, escaped."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core import serializers
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from plugins_registry import services
from plugins_registry.models import (
    BinEntry,
    BlockedRelease,
    Catalogue,
    CataloguePlugin,
    CatalogueRelease,
    Job,
    LifecycleStage,
    Operation,
    Plugin,
    Publisher,
    PublisherKey,
    Release,
    Traffic,
    Upgrade,
)
from plugins_registry.states import State
from tests.registry.conftest import Install
from tests.registry.signer import Signer

pytestmark = [pytest.mark.django_db, pytest.mark.backends]

SCRIPT = "<script>alert(1)</script>"
#: What each action that asks first needs, its model, and how to see that it was done.
DANGEROUS = [
    ("plugin", "uninstall", "delete_plugin"),
    ("plugin", "purge", "delete_plugin"),
    ("plugin", "roll_back", "change_plugin"),
    ("binentry", "restore", "change_binentry"),
    ("binentry", "purge", "delete_binentry"),
    ("publisherkey", "revoke", "change_publisherkey"),
    ("catalogue", "forget", "delete_catalogue"),
    ("blockedrelease", "overrule", "change_blockedrelease"),
]


def fill(plugin: Plugin, number: int) -> None:
    """A row of each kind, with everything in it that others may have written."""
    now = timezone.now()
    installed = plugin.releases.earliest("pk")
    release = Release.objects.create(
        plugin=plugin,
        version=f"2.{number}",
        digest=f"{number:064}",
        path=installed.path,
        manifest=installed.manifest,
    )
    Upgrade.objects.create(
        plugin=plugin,
        from_release=release,
        to_release=plugin.release,
        from_version=release.version,
        to_version="1.0.0",
        state="done",
        reason=SCRIPT,
        report={
            "step": "switching over",
            "self_test": SCRIPT,
            "stack": SCRIPT,
            "replay": {
                "asked": 31,
                "different": 11,
                "changes": {"block → replace": 11},
                "examples": [{"message_id": "m1", "old": "block", "new": SCRIPT}],
            },
        },
        switched_at=now,
        ended_at=now,
    )
    step = {"name": "build", "text": SCRIPT, "at": now.isoformat(), "done": 2, "of": 5}
    Operation.objects.create(kind="install", plugin="demo", reason=SCRIPT, steps=[step])
    LifecycleStage.objects.create(release=release, stage="failed", reason=SCRIPT)
    Job.objects.create(
        plugin=plugin, name=f"{number}{SCRIPT}", every_seconds=60, next_at=now + timedelta(1)
    )
    Traffic.objects.create(plugin=plugin, day=now.date() - timedelta(number), sent_bytes=123_456)
    publisher = Publisher.objects.create(name=f"{number}{SCRIPT}")
    PublisherKey.objects.create(publisher=publisher, key_id=f"{number}", public_key="k")
    _bin(plugin, installed, number)
    _offer(number)


def _bin(plugin: Plugin, installed: Release, number: int) -> None:
    rows = json.loads(serializers.serialize("json", [installed, plugin]))
    rows[0]["fields"]["version"] = SCRIPT
    for row in rows:  # as of a plugin that is gone
        row["pk"] += 1000
    rows[1]["fields"] |= {"name": f"gone{number}", "release": rows[0]["pk"]}
    rows[0]["fields"]["plugin"] = rows[1]["pk"]
    BinEntry.objects.create(name=f"gone{number}", rows=rows)


def _offer(number: int) -> None:
    now = timezone.now()
    catalogue = Catalogue.objects.create(name=f"shop{number}", url="https://a.test", problem=SCRIPT)
    offered = CataloguePlugin.objects.create(catalogue=catalogue, name="x", summary=SCRIPT)
    CatalogueRelease.objects.create(plugin=offered, version="1", published_at=now, offered_at=now)
    BlockedRelease.objects.create(catalogue=catalogue, name="x", reason=SCRIPT)


@pytest.fixture
def plugin(install: Install) -> Plugin:
    plugin = install(
        "demo",
        """
        permissions: {required: [user_data_read]}
        hooks: [message_sent]
        settings: {"<script>alert(1)</script>": 1}
        """,
    )
    services.observe("demo", state=State.QUARANTINED, reason=f"it said {SCRIPT}", stack=SCRIPT)
    fill(plugin, 1)
    return plugin


@pytest.fixture
def staff(db: None) -> tuple[Client, Any]:
    """Somebody who may look at everything and do nothing."""
    user = get_user_model()._default_manager.create_user(username="viewer", password="long enough")
    user.is_staff = True
    user.save()
    views = Permission.objects.filter(
        content_type__app_label="plugins_registry", codename__startswith="view_"
    )
    user.user_permissions.set(views)
    client = Client()
    client.force_login(user)
    return client, user


def changelist(model: str) -> str:
    return reverse(f"admin:plugins_registry_{model}_changelist")


def page(client: Client, row: Any) -> str:
    name = f"admin:plugins_registry_{row._meta.model_name}_change"
    return client.get(reverse(name, args=[row.pk])).content.decode()


def act(client: Client, row: Any, action: str, **more: str) -> Any:
    sent = {"action": action, "_selected_action": [row.pk], **more}
    return client.post(changelist(row._meta.model_name), sent, follow=True)


def confirmed(client: Client, row: Any, action: str, **more: str) -> Any:
    return act(client, row, action, _confirmed="yes", **more)


def row_of(model: str) -> Any:
    found = {
        each._meta.model_name: each
        for each in (Plugin, BinEntry, PublisherKey, Catalogue, BlockedRelease)
    }
    return found[model].objects.first()


def test_lists_take_the_same_queries_however_long(admin_client: Client, plugin: Plugin) -> None:
    models = (
        *(Plugin, Release, Upgrade, Operation, LifecycleStage, Job, Traffic, Publisher),
        *(PublisherKey, BinEntry, Catalogue, CataloguePlugin, CatalogueRelease, BlockedRelease),
    )
    addresses = [changelist(str(model._meta.model_name)) for model in models]
    short = [_queries(admin_client, address) for address in addresses]
    for number in range(2, 6):
        fill(plugin, number)
        Plugin.objects.create(name=f"demo{number}")
    assert [_queries(admin_client, address) for address in addresses] == short


def test_a_plugins_page_takes_the_same_queries_whatever_it_went_through(
    admin_client: Client, plugin: Plugin
) -> None:
    address = reverse("admin:plugins_registry_plugin_change", args=[plugin.pk])
    _queries(admin_client, address)  # content types are remembered from the first time on
    short = _queries(admin_client, address)
    for number in range(2, 6):
        fill(plugin, number)
    assert _queries(admin_client, address) == short


def _queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


def test_what_others_wrote_is_shown_and_harmless(admin_client: Client, plugin: Plugin) -> None:
    shown = {}
    kinds = (Release, Upgrade, Operation, LifecycleStage, Job, Publisher, BinEntry)
    for model in (*kinds, PublisherKey, Catalogue, CataloguePlugin, BlockedRelease):
        name = str(model._meta.model_name)
        shown[name] = admin_client.get(changelist(name)).content.decode()
        shown[f"{name} page"] = page(admin_client, model._default_manager.latest("pk"))
    shown["plugin"] = admin_client.get(changelist("plugin")).content.decode()
    shown["plugin page"] = page(admin_client, plugin)
    assert [where for where, text in shown.items() if SCRIPT in text] == []
    escaped = "&lt;script&gt;alert(1)&lt;/script&gt;"
    quiet = {where for where, text in shown.items() if escaped not in text}
    assert quiet == {"release", "publisherkey page"} & quiet


def test_a_plugins_page_tells_its_life(admin_client: Client, plugin: Plugin) -> None:
    text = page(admin_client, plugin)
    assert "Quarantined" in text
    assert "Unsigned" in text
    assert "Security Validated" in text
    assert "123456" in text
    assert ">2.1<" in text


def test_an_upgrades_page_tells_what_was_tried(admin_client: Client, plugin: Plugin) -> None:
    text = page(admin_client, Upgrade.objects.get())
    assert "<td>block → replace</td><td>11</td>" in text
    assert "<td>judged differently</td><td>11</td>" in text


def test_an_operations_page_lists_its_steps(admin_client: Client, plugin: Plugin) -> None:
    assert "<td>2 of 5</td>" in page(admin_client, Operation.objects.get(steps__0__done=2))


def test_a_releases_page_tells_what_its_code_says(admin_client: Client, plugin: Plugin) -> None:
    assert plugin.release is not None
    text = page(admin_client, plugin.release)
    assert "listed" in text or "handle" in text, "the scan's finding about message_sent"
    assert "before code was scanned" in page(admin_client, Release.objects.get(version="2.1"))


def test_a_page_offers_what_can_be_done_to_the_row(admin_client: Client, plugin: Plugin) -> None:
    text = page(admin_client, plugin)
    assert 'value="enable"' in text
    assert 'value="enforce"' not in text
    assert 'name="_save"' not in text


def test_who_only_looks_is_offered_nothing(staff: Any, plugin: Plugin) -> None:
    client, _ = staff
    assert "plexi-actions" not in page(client, plugin)
    assert client.get(reverse("admin:plugins_registry_publisherkey_add")).status_code == 403


@pytest.mark.parametrize(("model", "action", "permission"), DANGEROUS)
def test_what_is_dangerous_is_asked_about_and_needs_its_own_permission(
    staff: Any, plugin: Plugin, model: str, action: str, permission: str
) -> None:
    client, user = staff
    row = row_of(model)
    before = _state_of()
    act(client, row, action)
    confirmed(client, row, action)
    assert _state_of() == before
    user.user_permissions.add(Permission.objects.get(codename=permission))
    asked = act(client, row, action).content.decode()
    assert 'name="_confirmed"' in asked
    assert _state_of() == before, "asking does nothing"
    confirmed(client, row, action)
    assert _state_of() != before


def _state_of() -> tuple[object, ...]:
    return (
        *(model.objects.count() for model in (Plugin, BinEntry, Catalogue, Upgrade)),
        PublisherKey.objects.filter(revoked_at__isnull=False).count(),
        BlockedRelease.objects.filter(overruled=True).count(),
    )


def test_actions_without_a_token_of_the_page_are_refused(admin_user: Any, plugin: Plugin) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin_user)
    assert act(client, plugin, "uninstall", _confirmed="yes").status_code == 403
    assert Plugin.objects.exists()


def test_a_plugin_goes_to_the_bin_and_comes_back(admin_client: Client, plugin: Plugin) -> None:
    asked = act(admin_client, plugin, "uninstall").content.decode()
    assert "granted capabilities: user_data_read" in asked
    told = confirmed(admin_client, plugin, "uninstall").content.decode()
    assert "Plugin demo lies in the bin" in told
    assert not Plugin.objects.exists()
    entry = BinEntry.objects.get(name="demo")
    assert entry.uninstalled_by is not None
    told = confirmed(admin_client, entry, "restore").content.decode()
    assert "Plugin demo is restored, disabled" in told
    assert Plugin.objects.get().grants.exists()


def test_a_plugin_is_purged(admin_client: Client, plugin: Plugin) -> None:
    assert "This cannot be undone" in act(admin_client, plugin, "purge").content.decode()
    confirmed(admin_client, plugin, "purge")
    assert not Plugin.objects.exists()
    assert not BinEntry.objects.filter(name="demo", purge=False).exists()


def test_the_bin_is_emptied(admin_client: Client, plugin: Plugin) -> None:
    confirmed(admin_client, plugin, "uninstall")
    told = confirmed(admin_client, BinEntry.objects.get(name="demo"), "purge").content.decode()
    assert "Everything that demo had left is removed" in told
    assert not BinEntry.objects.filter(name="demo").exists()


def test_a_plugin_is_rolled_back(admin_client: Client, plugin: Plugin) -> None:
    assert '<option value="2.1">' in act(admin_client, plugin, "roll_back").content.decode()
    confirmed(admin_client, plugin, "roll_back", version="2.1", _page=str(plugin.pk))
    plugin.refresh_from_db()
    assert str(plugin.release) == "demo 2.1"
    assert Upgrade.objects.latest("pk").by is not None


def test_a_refused_return_is_told(admin_client: Client, plugin: Plugin) -> None:
    told = confirmed(admin_client, plugin, "roll_back", version="9").content.decode()
    assert "there is no 9 to return to" in told


def test_an_action_begun_on_a_page_ends_there(admin_client: Client, plugin: Plugin) -> None:
    here = reverse("admin:plugins_registry_plugin_change", args=[plugin.pk])
    answer = act(admin_client, plugin, "shadow", _page=str(plugin.pk))
    assert answer.redirect_chain[-1][0] == here
    assert Plugin.objects.get().mode == "shadow"
    act(admin_client, plugin, "enforce")
    assert Plugin.objects.get().mode == "enforce"


def test_a_job_runs_now(admin_client: Client, plugin: Plugin) -> None:
    act(admin_client, Job.objects.get(), "run_now")
    assert Job.objects.get().next_at <= timezone.now()


def test_a_key_is_trusted_and_revoked(admin_client: Client, plugin: Plugin) -> None:
    signer = Signer()
    add = reverse("admin:plugins_registry_publisherkey_add")
    assert admin_client.get(add).status_code == 200
    refused = admin_client.post(add, {"publisher": "Ada", "public_key": "nonsense"})
    assert "keygen" in refused.content.decode()
    admin_client.post(add, {"publisher": "Ada", "public_key": signer.public})
    key = PublisherKey.objects.get(key_id=signer.key_id)
    assert key.added_by is not None
    confirmed(admin_client, key, "revoke", reason="stolen")
    key.refresh_from_db()
    assert key.revoked_reason == "stolen"


def test_a_block_is_overruled_and_heeded_again(admin_client: Client, plugin: Plugin) -> None:
    confirmed(admin_client, BlockedRelease.objects.get(), "overrule")
    assert BlockedRelease.objects.get().overruled
    act(admin_client, BlockedRelease.objects.get(), "heed")
    assert not BlockedRelease.objects.get().overruled


def test_a_catalogue_is_removed(admin_client: Client, plugin: Plugin) -> None:
    confirmed(admin_client, Catalogue.objects.get(), "forget")
    assert not Catalogue.objects.exists()


def test_secrets_stay_out_of_the_bins_page(admin_client: Client, plugin: Plugin) -> None:
    services.configure("demo", {SCRIPT: 7654321})
    confirmed(admin_client, plugin, "uninstall")
    text = page(admin_client, BinEntry.objects.get(name="demo"))
    assert "7654321" not in text
    assert "user_data_read" in text


def test_stages_follow_the_release_that_took_over(plugin: Plugin) -> None:
    services.observe("demo", state=State.ACTIVE)
    services.rollback("demo", version="2.1")
    services.observe("demo", state=State.ACTIVE)
    last = {release.version: release.stages.latest("pk").stage for release in Release.objects.all()}
    assert last == {"1.0.0": "unloaded", "2.1": "activated"}
