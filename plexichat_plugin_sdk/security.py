"""Security: what users may do at a plugin's endpoints, and secrets.

A permission is a text like `"myplugin.read"`. Naming one with `require_permission` creates it
on the server, where admins assign it to people and groups.
"""

from __future__ import annotations

from collections.abc import Callable

from . import _host
from ._encryption import decrypt_data, encrypt_data
from ._marks import Function, mark
from .exceptions import ValidationError

__all__ = [
    "check_permission",
    "decrypt_data",
    "encrypt_data",
    "get_user_permissions",
    "require_permission",
]


def require_permission(permission: str) -> Callable[[Function], Function]:
    """Let only users with this permission reach an endpoint or WebSocket.

    The host checks before the plugin is called; others get 401 or 403. Several may be stacked,
    then all are needed. On a method that is no endpoint the plugin is refused at load, because
    there nobody would check; use `check_permission` inside instead.
    """
    if not isinstance(permission, str) or not permission.strip():
        raise ValidationError(
            f"@require_permission needs a permission like 'myplugin.read', not {permission!r}"
        )

    def decorate(function: Function) -> Function:
        return mark(function, permissions=(permission.strip(),))

    return decorate


def check_permission(user_id: str, permission: str) -> bool:
    """Whether a user holds a permission; unknown users and permissions are `False`.

    Asks the host, so it waits for one round trip. Raises `PluginError` when the host fails.
    """
    return bool(_host.ask("permissions.check", user_id=user_id, permission=permission))


def get_user_permissions(user_id: str) -> list[str]:
    """Return all plugin permissions of a user, sorted; an unknown user has none.

    Raises `PluginError` when the host fails.
    """
    return sorted(str(label) for label in _host.ask("permissions.of_user", user_id=user_id))


def has_capability(name: str) -> bool:
    """Whether an admin has granted the plugin this capability, exactly as the manifest writes it.

    Optional ones come and go while the plugin runs. Asking first is never needed: what lacks its
    capability raises `PermissionError`. Raises `PluginError` when the host fails.
    """
    return name in granted_capabilities()


def granted_capabilities() -> list[str]:
    """Return the capabilities that the plugin holds at this moment, sorted.

    Raises `PluginError` when the host fails.
    """
    return [str(name) for name in _host.ask("capabilities.granted")]
