"""Django admin: everything can be seen, wishes can be made, rows cannot be bent."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from plugins_registry import services
from plugins_registry.models import Plugin, Problem
from tests.registry.conftest import Install

pytestmark = pytest.mark.django_db

MODELS = [model for model in admin.site._registry if model._meta.app_label == "plugins_registry"]


@pytest.fixture
def plugin(install: Install) -> Plugin:
    plugin = install("demo", "permissions: {required: [user_data_read]}\nsettings: {a: 1}")
    services.configure("demo", {"a": 2})
    services.raise_problem("demo", "late", "took long")
    return plugin


def act(client: Client, model: str, action: str, *rows: Any) -> Any:
    address = reverse(f"admin:plugins_registry_{model}_changelist")
    selection = {"action": action, "_selected_action": [row.pk for row in rows]}
    return client.post(address, selection, follow=True)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_table_can_be_seen(admin_client: Client, plugin: Plugin, model: Any) -> None:
    base = f"admin:plugins_registry_{model._meta.model_name}"
    assert admin_client.get(reverse(f"{base}_changelist"), {"q": "demo"}).status_code == 200
    for row in model.objects.all()[:1]:
        assert admin_client.get(reverse(f"{base}_change", args=[row.pk])).status_code == 200


def test_nothing_is_hidden() -> None:
    assert len(MODELS) == 7


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
