"""Django admin: everything can be seen, wishes can be made, rows cannot be bent."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from plugins_registry import services
from plugins_registry.models import Delivery, Plugin, Problem, Trace
from tests.registry.conftest import Install
from tests.registry.deliveries import called, kill, trace

pytestmark = [pytest.mark.django_db, pytest.mark.backends]

MODELS = [model for model in admin.site._registry if model._meta.app_label == "plugins_registry"]


@pytest.fixture
def plugin(install: Install) -> Plugin:
    plugin = install("demo", "permissions: {required: [user_data_read]}\nsettings: {a: 1}")
    services.configure("demo", {"a": 2})
    services.raise_problem("demo", "late", "took long")
    services.enqueue("user_login", {"user_id": "u1"}, plugins=["demo"])
    services.take_queue("demo", seconds=60)
    services.record_traces([trace("m1")])
    services.record_calls([called()])
    return plugin


def act(client: Client, model: str, action: str, *rows: Any) -> Any:
    address = reverse(f"admin:plugins_registry_{model}_changelist")
    selection = {"action": action, "_selected_action": [row.pk for row in rows]}
    return client.post(address, selection, follow=True)


def test_every_table_can_be_seen(admin_client: Client, plugin: Plugin) -> None:
    answers = {}
    for model in MODELS:
        base = f"admin:plugins_registry_{model._meta.model_name}"
        answers[base] = admin_client.get(reverse(f"{base}_changelist"), {"q": "demo"}).status_code
        for row in model._default_manager.all()[:1]:
            page = admin_client.get(reverse(f"{base}_change", args=[row.pk]))
            answers[f"{base} page"] = page.status_code
    assert {where: code for where, code in answers.items() if code != 200} == {}


def test_nothing_is_hidden() -> None:
    assert set(apps.get_app_config("plugins_registry").get_models()) == set(MODELS)


def test_rows_cannot_be_bent_behind_the_services(admin_client: Client, plugin: Plugin) -> None:
    address = reverse("admin:plugins_registry_plugin_change", args=[plugin.pk])
    assert admin_client.post(address, {"name": "other"}).status_code == 403
    assert admin_client.get(reverse("admin:plugins_registry_plugin_add")).status_code == 403
    delete = reverse("admin:plugins_registry_plugin_delete", args=[plugin.pk])
    assert admin_client.post(delete, {"post": "yes"}).status_code == 403


def test_a_wish_is_made_through_the_services(admin_client: Client, plugin: Plugin) -> None:
    page = act(admin_client, "plugin", "enable", plugin)
    assert "Plugin demo will be started" in page.content.decode()
    assert Plugin.objects.get().is_enabled
    act(admin_client, "plugin", "disable", plugin)
    assert not Plugin.objects.get().is_enabled


def test_a_refusal_is_told(admin_client: Client, plugin: Plugin) -> None:
    services.revoke("demo", ["user_data_read"])
    page = act(admin_client, "plugin", "enable", plugin)
    assert "which nobody granted" in page.content.decode()
    assert not Plugin.objects.get().is_enabled


def test_whoever_may_only_look_makes_no_wishes(client: Client, plugin: Plugin) -> None:
    viewer = get_user_model().objects.create_user(username="viewer", password="x", is_staff=True)
    viewer.user_permissions.add(
        Permission.objects.get(codename="view_plugin", content_type__app_label="plugins_registry")
    )
    client.force_login(viewer)
    act(client, "plugin", "enable", plugin)
    assert not Plugin.objects.get().is_enabled


def test_problems_are_dismissed(admin_client: Client, plugin: Plugin) -> None:
    act(admin_client, "problem", "dismiss", Problem.objects.get())
    assert Problem.objects.get().dismissed


def test_a_delivery_shows_what_was_to_be_told(admin_client: Client, plugin: Plugin) -> None:
    row = kill()
    page = admin_client.get(reverse("admin:plugins_registry_delivery_change", args=[row.pk]))
    assert "Traceback: …" in page.content.decode()
    assert str(row.event_id) in page.content.decode()


def test_dead_deliveries_are_retried_in_bulk(admin_client: Client, plugin: Plugin) -> None:
    rows = [kill(), kill(), Delivery.objects.earliest("id")]
    page = act(admin_client, "delivery", "retry", *rows)
    assert "2 of 3 deliveries to demo will be tried again" in page.content.decode()
    assert set(Delivery.objects.values_list("state", "attempts")) == {("waiting", 0)}


def test_deliveries_are_dropped_in_bulk(admin_client: Client, plugin: Plugin) -> None:
    page = act(admin_client, "delivery", "drop", kill(), Delivery.objects.earliest("id"))
    assert "2 of 2 deliveries to demo were dropped" in page.content.decode()
    assert not Delivery.objects.exists()


def test_whoever_may_only_look_settles_no_deliveries(client: Client, plugin: Plugin) -> None:
    viewer = get_user_model().objects.create_user(username="viewer", password="x", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_delivery"))
    client.force_login(viewer)
    act(client, "delivery", "drop", kill())
    assert Delivery.objects.filter(state="dead").exists()


@pytest.mark.parametrize("model", ["delivery", "trace", "call"])
def test_a_list_takes_the_same_queries_however_long(
    admin_client: Client, plugin: Plugin, model: str
) -> None:
    address = reverse(f"admin:plugins_registry_{model}_changelist")
    with CaptureQueriesContext(connection) as short:
        admin_client.get(address)
    for number in range(10):
        services.enqueue("user_login", {"number": number}, plugins=["demo"])
        services.record_traces([trace(f"n{number}")])
        services.record_calls([called()])
    with CaptureQueriesContext(connection) as long:
        admin_client.get(address)
    assert len(long) == len(short)


def test_traces_are_found_by_their_message(admin_client: Client, plugin: Plugin) -> None:
    services.record_traces([trace("m2", plugin="other")])
    address = reverse("admin:plugins_registry_trace_changelist")
    found = admin_client.get(address, {"q": "m2"}).context["cl"].queryset
    assert list(found) == [Trace.objects.get(plugin_name="other")]


def test_deliveries_are_found_by_their_event(admin_client: Client, plugin: Plugin) -> None:
    row = kill()
    address = reverse("admin:plugins_registry_delivery_changelist")
    found = admin_client.get(address, {"q": str(row.event_id)}).context["cl"].queryset
    assert list(found) == [row]
