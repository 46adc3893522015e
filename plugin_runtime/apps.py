"""The runtime's place among Django's apps, and where it ties itself to its neighbours."""

from __future__ import annotations

from django.apps import AppConfig


class RuntimeConfig(AppConfig):
    """Plugins alive. Owns no tables."""

    name = "plugin_runtime"
    label = "plugin_runtime"

    def ready(self) -> None:
        """Offer the filters to the chat, and tell the supervisor when the registry changes."""
        # Imported here because models may not be imported before Django's apps are ready.
        from . import wiring

        wiring.connect()
