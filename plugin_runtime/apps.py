"""The runtime's place among Django's apps."""

from __future__ import annotations

from django.apps import AppConfig


class RuntimeConfig(AppConfig):
    """Plugins alive. Owns no tables."""

    name = "plugin_runtime"
    label = "plugin_runtime"
