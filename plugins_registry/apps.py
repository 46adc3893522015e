"""The registry's place among Django's apps."""

from __future__ import annotations

from django.apps import AppConfig


class RegistryConfig(AppConfig):
    """Plugins, releases, grants and configuration."""

    name = "plugins_registry"
    label = "plugins_registry"
    verbose_name = "Plugins"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Notice changes of users, groups and permissions."""
        # Imported here because models may not be imported before Django's apps are ready.
        from . import permission_changes

        permission_changes.connect()
