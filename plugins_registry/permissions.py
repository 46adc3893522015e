"""User permissions of plugins as Django permissions, so that admins assign them as always.

The label before the dot becomes the `app_label` of a content type whose model is `plugin`; no
installed app can have it, which keeps a plugin's permissions apart from the server's own.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet

MODEL = "plugin"


def plugin_permissions() -> QuerySet[Permission]:
    """All permissions that belong to plugins."""
    # The registry's own table is called `plugin` too; its permissions are the server's.
    labels = [config.label for config in apps.get_app_configs()]
    held = Permission.objects.filter(content_type__model=MODEL)
    return held.exclude(content_type__app_label__in=labels)


def create_permissions(labels: Iterable[str]) -> None:
    """Make sure that each `label.codename` can be assigned. Expects well-formed labels."""
    for text in sorted(set(labels)):
        label, _, codename = text.partition(".")
        content_type, _ = ContentType.objects.get_or_create(app_label=label, model=MODEL)
        Permission.objects.get_or_create(
            content_type=content_type, codename=codename, defaults={"name": f"Plugin: {text}"}
        )


def remove_permissions(labels: Iterable[str]) -> None:
    """Remove permissions and take them from everybody, so that no later plugin inherits them."""
    for text in set(labels):
        label, _, codename = text.partition(".")
        plugin_permissions().filter(content_type__app_label=label, codename=codename).delete()


def find_permission(text: str) -> Permission | None:
    """The permission `label.codename` of a plugin; None when no plugin declares it."""
    label, _, codename = text.partition(".")
    return plugin_permissions().filter(content_type__app_label=label, codename=codename).first()
