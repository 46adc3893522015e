"""What users may do at plugins' endpoints, as plugins may know it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission

from plugins_registry import queries, services
from plugins_registry.permissions import find_permission
from tests.registry.conftest import Install

pytestmark = [pytest.mark.django_db, pytest.mark.backends]


@pytest.fixture
def user(install: Install) -> Any:
    install("demo", "permissions: {users: [demo.read, demo.write]}")
    return get_user_model().objects.create_user(username="ada", password="x")


def give(holder: Any, label: str) -> None:
    permission = find_permission(label)
    assert permission is not None
    holder.add(permission)


def test_nothing_is_held_at_first(user: Any) -> None:
    assert not queries.permission_check(user.public_id, "demo.read")
    assert queries.permissions_of(user.public_id) == []


def test_what_was_given_is_held(user: Any) -> None:
    services.permit("ada", ["demo.read"])
    assert queries.permission_check(user.public_id, "demo.read")
    assert not queries.permission_check(user.public_id, "demo.write")
    assert queries.permissions_of(user.public_id) == ["demo.read"]


def test_groups_count(user: Any) -> None:
    group = Group.objects.create(name="readers")
    user.groups.add(group)
    give(group.permissions, "demo.read")
    give(user.user_permissions, "demo.read")
    assert queries.permission_check(user.public_id, "demo.read")
    assert queries.permissions_of(user.public_id) == ["demo.read"]


def test_superusers_hold_all_permissions_of_plugins(user: Any) -> None:
    user.is_superuser = True
    user.save()
    assert queries.permission_check(user.public_id, "demo.write")
    assert queries.permissions_of(user.public_id) == ["demo.read", "demo.write"]


@pytest.mark.parametrize("is_superuser", [False, True])
def test_the_inactive_hold_nothing(user: Any, *, is_superuser: bool) -> None:
    services.permit("ada", ["demo.read"])
    user.is_active, user.is_superuser = False, is_superuser
    user.save()
    assert not queries.permission_check(user.public_id, "demo.read")
    assert queries.permissions_of(user.public_id) == []


@pytest.mark.parametrize(
    "permission",
    ["auth.change_user", "chat.view_user", "plugins_registry.view_plugin", "AUTH.x", "x", "", "."],
)
def test_core_permissions_are_never_told(user: Any, permission: str) -> None:
    user.is_superuser = True
    user.save()
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="chat"))
    assert user.has_perm("chat.view_user")
    assert not queries.permission_check(user.public_id, permission)
    assert not [held for held in queries.permissions_of(user.public_id) if held[:5] != "demo."]


@pytest.mark.parametrize("user_id", ["nobody", "", "1", "\u2028"])
def test_unknown_users_hold_nothing(user: Any, user_id: str) -> None:
    assert not queries.permission_check(user_id, "demo.read")
    assert queries.permissions_of(user_id) == []


def test_internal_ids_are_not_public_ids(user: Any) -> None:
    services.permit("ada", ["demo.read"])
    assert not queries.permission_check(str(user.pk), "demo.read")
