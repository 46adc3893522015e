"""What a user may do at plugins' endpoints. Core permissions are never told to a plugin."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model

from plugins_registry.conf import conf
from plugins_registry.manifest.names import refuse_permission
from plugins_registry.permissions import plugin_permissions


@dataclass(frozen=True, kw_only=True)
class HeldPermissions:
    """The plugins' permissions of one active user."""

    #: Superusers hold every permission of plugins, also one that no plugin declares yet.
    is_superuser: bool
    labels: frozenset[str]

    def holds(self, permission: str) -> bool:
        """Whether the user holds a permission of a plugin; False for anything else."""
        if permission in self.labels:
            return True
        return self.is_superuser and refuse_permission(permission) is None


def held_permissions(user_id: str) -> HeldPermissions | None:
    """What the active user of this public id holds; None for an unknown or inactive one.

    Nothing else is told, so that a plugin cannot learn who administers the server. Four queries
    at most.
    """
    user = _active_user(user_id)
    if user is None:
        return None
    declared = plugin_permissions().values_list("content_type__app_label", "codename")
    # The same few labels for many users who may be remembered: one text each.
    labels = frozenset(sys.intern(f"{label}.{codename}") for label, codename in declared)
    if labels and not user.is_superuser:
        labels &= user.get_all_permissions()
    return HeldPermissions(is_superuser=user.is_superuser, labels=labels)


def permission_check(user_id: str, permission: str) -> bool:
    """Whether the active user of this public id holds a plugin's permission."""
    held = held_permissions(user_id)
    return held is not None and held.holds(permission)


def permissions_of(user_id: str) -> list[str]:
    """The user's plugin permissions, sorted; empty for an unknown or inactive user."""
    held = held_permissions(user_id)
    return sorted(held.labels) if held else []


def _active_user(user_id: str) -> Any:
    field = conf.USER_ID_FIELD
    return get_user_model().objects.filter(**{field: user_id}, is_active=True).first()
