"""Wishes, grants and policies: what admins write."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import IntegrityError, transaction
from pytest_django import DjangoCaptureOnCommitCallbacks

from plugins_registry import queries, services, signals
from plugins_registry.exceptions import (
    CapabilitiesRefused,
    GrantsMissing,
    PermissionsRefused,
    PluginNotFound,
    PolicyRefused,
    RegistryError,
)
from plugins_registry.models import Grant, Plugin
from plugins_registry.states import State, Wanted
from tests.registry.conftest import Install

pytestmark = [pytest.mark.django_db, pytest.mark.backends]

ASKS = "permissions: {required: [user_data_read], optional: [analytics_write]}"


@pytest.fixture
def plugin(install: Install) -> Plugin:
    return install("demo", ASKS)


def test_enabling_writes_the_wish_only(plugin: Plugin) -> None:
    services.enable("demo")
    plugin.refresh_from_db()
    assert (plugin.wanted, plugin.wish, plugin.state) == (Wanted.ENABLED, 1, State.STOPPED)


def test_enabling_again_changes_nothing(plugin: Plugin) -> None:
    services.enable("demo")
    assert services.enable("demo").wish == 1


@pytest.mark.parametrize("state", [State.QUARANTINED, State.BACKING_OFF])
def test_enabling_again_after_a_failure_tries_again(plugin: Plugin, state: State) -> None:
    services.enable("demo")
    services.observe("demo", state=state, reason="it fell")
    assert services.enable("demo").wish == 2


def test_a_plugin_never_starts_half_trusted(plugin: Plugin) -> None:
    services.revoke("demo", ["user_data_read"])
    with pytest.raises(GrantsMissing, match="it requires user_data_read, which nobody granted"):
        services.enable("demo")
    services.grant("demo", ["user_data_read"])
    assert services.enable("demo").is_enabled


def test_an_optional_capability_may_be_missing(plugin: Plugin) -> None:
    services.revoke("demo", ["analytics_write"])
    assert services.enable("demo").is_enabled


def test_revoking_what_is_required_disables(plugin: Plugin) -> None:
    services.enable("demo")
    assert not services.revoke("demo", ["user_data_read"]).is_enabled


def test_revoking_what_is_optional_does_not_disable(plugin: Plugin) -> None:
    services.enable("demo")
    assert services.revoke("demo", ["analytics_write"]).is_enabled
    assert [grant.capability for grant in Grant.objects.all()] == ["user_data_read"]


def test_only_what_was_asked_for_can_be_granted(plugin: Plugin) -> None:
    with pytest.raises(CapabilitiesRefused, match="does not ask for network:evil"):
        services.grant("demo", ["network:evil"])


def test_a_grant_remembers_who_gave_it(plugin: Plugin) -> None:
    admin = get_user_model().objects.create_user(username="root", password="x")
    services.revoke("demo", ["analytics_write"])
    services.grant("demo", ["analytics_write"], by=admin)
    assert Grant.objects.get(capability="analytics_write").granted_by == admin


def test_restarting_is_a_new_wish(plugin: Plugin) -> None:
    services.enable("demo")
    assert services.restart("demo").wish == 2


def test_a_disabled_plugin_is_not_restarted(plugin: Plugin) -> None:
    with pytest.raises(RegistryError, match=r"it is disabled\. Enable it: manage\.py plugin"):
        services.restart("demo")


def test_disabling_keeps_everything_else(plugin: Plugin) -> None:
    services.enable("demo")
    services.disable("demo")
    plugin.refresh_from_db()
    assert (plugin.wanted, plugin.grants.count()) == (Wanted.DISABLED, 2)


def test_a_policy_is_kept(plugin: Plugin) -> None:
    services.set_policy("demo", fail_policy="closed", priority=5)
    services.set_policy("demo", deadline_ms=200)
    plugin.refresh_from_db()
    assert (plugin.fail_policy, plugin.priority, plugin.deadline_ms) == ("closed", 5, 200)


def test_a_policy_out_of_range_is_refused_whole(plugin: Plugin) -> None:
    with pytest.raises(PolicyRefused, match="3 problems"):
        services.set_policy("demo", fail_policy="ajar", priority=-1, deadline_ms=0)
    plugin.refresh_from_db()
    assert (plugin.fail_policy, plugin.priority, plugin.deadline_ms) == ("open", 100, 1000)


@pytest.mark.parametrize(
    "row",
    [
        {"state": "dancing"},
        {"wanted": "perhaps"},
        {"fail_policy": "ajar"},
        {"deadline_ms": 0},
        {"priority": 10_001},
        {"wanted": "enabled", "release": None},
    ],
    ids=str,
)
def test_the_database_keeps_the_rules_too(plugin: Plugin, row: dict[str, object]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Plugin.objects.filter(pk=plugin.pk).update(**row)


@pytest.mark.parametrize("verb", [services.enable, services.disable, services.restart])
def test_a_verb_on_nothing_says_what_is_there(verb: object, plugin: Plugin) -> None:
    assert callable(verb)
    with pytest.raises(PluginNotFound, match="installed are: demo"):
        verb("other")


def test_each_change_counts_up_and_is_announced_after_commit(
    plugin: Plugin, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    heard: list[int] = []

    def hear(generation: int, **_: object) -> None:
        heard.append(generation)

    signals.changed.connect(hear)
    try:
        before = queries.generation()
        with django_capture_on_commit_callbacks(execute=True):
            services.enable("demo")
            assert heard == []
        assert heard == [queries.generation()] == [before + 1]
    finally:
        signals.changed.disconnect(hear)


def test_a_refusal_counts_nothing(plugin: Plugin) -> None:
    before = queries.generation()
    with pytest.raises(RegistryError):
        services.restart("demo")
    assert queries.generation() == before


def test_a_failing_receiver_cannot_undo_the_change(
    plugin: Plugin,
    caplog: pytest.LogCaptureFixture,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    def fail(**_: object) -> None:
        raise RuntimeError("deaf")

    signals.changed.connect(fail)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            services.enable("demo")
    finally:
        signals.changed.disconnect(fail)
    assert Plugin.objects.get().is_enabled
    assert "a receiver of the registry's change failed" in caplog.text


def test_users_are_given_permissions_of_plugins_all_or_none(install: Install) -> None:
    install("demo", "permissions: {users: [demo.read, demo.write]}")
    user = get_user_model().objects.create_user(username="ada", password="x")
    with pytest.raises(PermissionsRefused, match=r"'demo.admin': no installed plugin declares it"):
        services.permit("ada", ["demo.read", "demo.admin"])
    assert user.user_permissions.count() == 0
    services.permit("ADA", ["demo.read", "demo.write"])
    assert user.user_permissions.count() == 2


@pytest.mark.parametrize("permission", ["auth.change_user", "plugins_registry.change_plugin"])
def test_core_permissions_are_not_given_here(plugin: Plugin, permission: str) -> None:
    get_user_model().objects.create_user(username="ada", password="x")
    assert Permission.objects.filter(content_type__app_label=permission.split(".")[0]).exists()
    with pytest.raises(PermissionsRefused, match="no installed plugin declares it"):
        services.permit("ada", [permission])


def test_a_user_that_does_not_exist_is_named(install: Install) -> None:
    install("demo", "permissions: {users: [demo.read]}")
    with pytest.raises(PermissionsRefused, match="no user is called 'nobody'"):
        services.permit("nobody", ["demo.read"])
