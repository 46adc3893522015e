"""What becomes of a plugin's tables when the plugin is exported or goes."""

from __future__ import annotations

import zipfile

from .stores import store


class DatabaseKeeper:
    """Keeper of the tables of all plugins; see `plugins_registry.belongings.Keeper`."""

    name = "database"

    def summary(self, plugin: str) -> dict[str, int]:
        """Count tables, rows and bytes."""
        return store().summary(plugin)

    def count_texts(self, plugin: str, prefix: str) -> int:
        """Count texts that begin like this; see `plugins_registry.crypto.TokenCounter`."""
        return store().count_texts(plugin, prefix)

    def export(self, plugin: str, archive: zipfile.ZipFile) -> None:
        """Write all tables below `database/`."""
        store().export(plugin, archive)

    def purge(self, plugin: str) -> None:
        """Remove all tables, and with PostgreSQL the plugin's role."""
        store().purge(plugin)
