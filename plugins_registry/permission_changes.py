"""Changes of what users may do, noticed wherever they are made, and counted as the registry's.

Other processes keep what users may do in memory and let go of it when the registry's generation
moves. So it moves when a user is switched on or off, made superuser or deleted, when permissions
are given or taken, directly or by a group, and when permissions come and go; not at logins,
registrations and profile changes. What goes past Django's signals (`QuerySet.update`, SQL) is
not noticed here.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.db.models.signals import m2m_changed, post_save, pre_delete, pre_save

from plugins_registry.services.granting import refresh

#: What of a user's row decides what they may do.
_FIELDS = ("is_active", "is_superuser")
_HAS_CHANGED = "_plugins_registry_has_changed"


def connect() -> None:
    """Listen; a second call changes nothing."""
    users = get_user_model()
    uid = "plugins_registry.permission_changes"
    pre_save.connect(_compare_user, sender=users, dispatch_uid=f"{uid}.compare")
    post_save.connect(_user_saved, sender=users, dispatch_uid=f"{uid}.user")
    post_save.connect(_noticed, sender=Permission, dispatch_uid=f"{uid}.permission")
    for model in (users, Group, Permission):
        pre_delete.connect(_noticed, sender=model, dispatch_uid=f"{uid}.gone.{model.__name__}")
    for field in (users.groups, users.user_permissions, Group.permissions):
        through: Any = field.through
        m2m_changed.connect(_given_or_taken, sender=through, dispatch_uid=f"{uid}.{through}")


def _noticed(**_: Any) -> None:
    refresh()


def _given_or_taken(action: str, pk_set: set[Any] | None, **_: Any) -> None:
    # Before the rows are touched: whoever changes the registry takes its lock first, too.
    if action.startswith("pre_") and (pk_set is None or pk_set):
        _noticed()


def _compare_user(
    sender: Any, instance: Any, update_fields: frozenset[str] | None, **_: Any
) -> None:
    """Remember whether this save changes what the user may do; one query at full saves."""
    fields = [name for name in _FIELDS if update_fields is None or name in update_fields]
    before = None
    if fields and not instance._state.adding:
        rows = sender._base_manager.filter(pk=instance.pk)
        before = rows.values_list(*fields).first()
    now = tuple(getattr(instance, name) for name in fields)
    setattr(instance, _HAS_CHANGED, before is not None and before != now)


def _user_saved(instance: Any, **_: Any) -> None:
    if getattr(instance, _HAS_CHANGED, False):
        setattr(instance, _HAS_CHANGED, False)
        _noticed()
