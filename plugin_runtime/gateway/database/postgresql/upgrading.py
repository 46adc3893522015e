"""The core's views make way while the chat's tables change.

PostgreSQL refuses to change a column that a view shows. So they go before the chat is migrated;
the gateway makes them again, and opens them to whom it should, when the next plugin wants one.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db import connections
from django.db.models.signals import pre_migrate

from .names import VIEWS

_CHAT = "chat"


def connect() -> None:
    """Be told before each migration of the chat; a second call changes nothing."""
    chat = apps.get_app_config(_CHAT)
    pre_migrate.connect(_before, sender=chat, dispatch_uid="plugin_runtime.core_views")


def _before(*, using: str, plan: list[tuple[Any, bool]], **_: Any) -> None:
    connection = connections[using]
    if connection.vendor != "postgresql":
        return
    if any(migration.app_label == _CHAT for migration, _backwards in plan):
        with connection.cursor() as cursor:
            cursor.execute(f"DROP SCHEMA IF EXISTS {VIEWS} CASCADE")
