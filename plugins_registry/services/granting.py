"""Trust: capabilities granted to plugins, and plugins' permissions given to users."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission

from plugins_registry.exceptions import CapabilitiesRefused, PermissionsRefused
from plugins_registry.models import Grant, Plugin
from plugins_registry.permissions import find_permission, plugin_permissions
from plugins_registry.services.changes import change, find
from plugins_registry.states import Wanted


def grant(name: str, capabilities: Iterable[str], *, by: Any = None) -> Plugin:
    """Allow capabilities that the plugin's manifest asks for; what is granted stays granted."""
    with change():
        plugin = find(name)
        add_grants(plugin, capabilities, by=by)
    return plugin


def revoke(name: str, capabilities: Iterable[str]) -> Plugin:
    """Take capabilities away, at once. A plugin that requires one of them is disabled too."""
    taken = set(capabilities)
    with change():
        plugin = find(name)
        plugin.grants.filter(capability__in=taken).delete()
        required = plugin.release.declared.required_capabilities if plugin.release else ()
        if taken.intersection(required):
            plugin.wanted = Wanted.DISABLED
            plugin.save(update_fields=["wanted"])
    return plugin


def permit(username: str, permissions: Sequence[str]) -> None:
    """Give a user permissions that installed plugins declare. All or none."""
    user = _user(username)
    found = {text: find_permission(text) for text in permissions}
    problems = [_no_permission(text) for text, permission in found.items() if permission is None]
    if user is None:
        problems.insert(0, f"no user is called {username!r}; register one first")
    if problems:
        raise PermissionsRefused(username, problems)
    _assign(user, [permission for permission in found.values() if permission is not None])


def refresh() -> None:
    """Let every process read anew what plugins and users may do.

    For changes that nobody could notice: made past Django's signals, or in the database itself.
    """
    with change():
        pass  # that something has changed is all there is to say


def add_grants(plugin: Plugin, capabilities: Iterable[str], *, by: Any = None) -> None:
    """Write grants inside a running change; refuses what the manifest does not ask for."""
    asked = plugin.release.declared.capabilities if plugin.release else ()
    add_asked_grants(plugin, capabilities, asked, by=by)


def add_asked_grants(
    plugin: Plugin, capabilities: Iterable[str], asked: Sequence[str], *, by: Any = None
) -> None:
    """The same for a release that is not the plugin's yet: `asked` is what it asks for."""
    wanted = list(dict.fromkeys(capabilities))
    if unknown := [capability for capability in wanted if capability not in asked]:
        raise CapabilitiesRefused(plugin.name, unknown, asked)
    for capability in wanted:
        Grant.objects.get_or_create(
            plugin=plugin, capability=capability, defaults={"granted_by": by}
        )


def _user(username: str) -> Any:
    users = get_user_model()
    try:
        return users._default_manager.get_by_natural_key(username)
    except users.DoesNotExist:
        return None


def _assign(user: Any, permissions: list[Permission]) -> None:
    user.user_permissions.add(*permissions)


def _no_permission(text: str) -> str:
    labels = plugin_permissions().values_list("content_type__app_label", "codename")
    known = ", ".join(sorted(f"{label}.{codename}" for label, codename in labels)) or "none yet"
    return f"{text!r}: no installed plugin declares it; known are: {known}"
