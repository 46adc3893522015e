"""What users may do at plugins' endpoints, in memory: a check costs no query until it changes."""

from __future__ import annotations

from collections.abc import Iterable

from plugins_registry import queries
from plugins_registry.queries import HeldPermissions

from . import news

#: Those asked for last. Each takes some hundred bytes, and eight more for each permission.
USERS = 5000

_held: news.Copies[str, HeldPermissions] = news.Copies(queries.held_permissions, most=USERS)


def check(user_id: str, permission: str) -> bool:
    """Whether the active user of this public id holds a plugin's permission.

    False for unknown and inactive users and for whatever is no plugin's permission. Users who
    hold nothing at all are remembered too, unknown ones are not.
    """
    held = _held.get(user_id)
    return held is not None and held.holds(permission)


def of(user_id: str) -> list[str]:
    """The user's permissions of plugins, sorted; none for an unknown or inactive user."""
    held = _held.get(user_id)
    return sorted(held.labels) if held else []


def missing(user_id: str, permissions: Iterable[str]) -> list[str]:
    """Those of the permissions that the user does not hold; asks nothing when there are none."""
    return [permission for permission in permissions if not check(user_id, permission)]
