"""What a user may do at plugins' endpoints. Core permissions are never told to a plugin."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db.models import Q, QuerySet

from plugins_registry.conf import conf
from plugins_registry.manifest.names import refuse_permission
from plugins_registry.permissions import plugin_permissions


def permission_check(user_id: str, permission: str) -> bool:
    """Whether the active user of this public id holds a plugin's permission.

    False for an unknown or inactive user and for anything that is no plugin's permission, so that
    a plugin cannot learn who administers the server. Superusers hold every plugin permission.
    """
    if refuse_permission(permission):
        return False
    user = _active_user(user_id)
    return user is not None and bool(user.has_perm(permission))


def permissions_of(user_id: str) -> list[str]:
    """The user's plugin permissions, sorted; empty for an unknown or inactive user."""
    user = _active_user(user_id)
    if user is None:
        return []
    held = plugin_permissions()
    if not user.is_superuser:
        held = _held_by(user, held)
    labels = held.values_list("content_type__app_label", "codename")
    return sorted({f"{label}.{codename}" for label, codename in labels})


def _held_by(user: Any, permissions: QuerySet[Permission]) -> QuerySet[Permission]:
    return permissions.filter(Q(user=user) | Q(group__user=user))


def _active_user(user_id: str) -> Any:
    field = conf.USER_ID_FIELD
    return get_user_model().objects.filter(**{field: user_id}, is_active=True).first()
