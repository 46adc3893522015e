"""The registry's settings, each with its default. Nobody else here reads Django's settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings

_UNSET = object()


class RegistrySettings:
    """Typed attributes; the Django setting of an attribute is `PLEXICHAT_` plus its name."""

    #: Everything that is not code: database, installed releases, logs.
    HOME: Path
    #: What encrypts at rest; `keys` reads and checks them, nobody else.
    ENCRYPTION_KEYS: tuple[str, ...] = ()
    #: The host's own ceilings; a manifest that asks for more gets this much.
    PLUGIN_MAX_CPU_MILLICORES: int = 2000
    PLUGIN_MAX_MEMORY_BYTES: int = 2 * 1024**3
    #: A package's ceilings, counted while it is read, whatever the archive claims.
    PACKAGE_MAX_FILES: int = 2000
    PACKAGE_MAX_FILE_BYTES: int = 16 * 1024**2
    PACKAGE_MAX_TOTAL_BYTES: int = 64 * 1024**2
    #: What may be installed: `ask` takes what nobody trusted vouches for when the admin says so,
    #: `trusted` never does, and starts nothing whose key was revoked.
    INSTALL_POLICY: str = "ask"
    #: Where plugins' Python packages come from; empty means what `PACKAGE_SOURCES` tells, or
    #: uv's own default. `PACKAGE_OFFLINE` asks nobody: bundled and cached wheels only.
    PACKAGE_INDEX: str = ""
    PACKAGE_OFFLINE: bool = False
    #: Tells uv's variables for the indexes that the operator chose elsewhere.
    PACKAGE_SOURCES: Callable[[], Mapping[str, str]] = dict
    #: What all installed versions may take in the shared cache before it is forgotten.
    PACKAGE_CACHE_BYTES: int = 4 * 1024**3
    #: One release's Python packages: how large, how many files, how long they may take.
    ENVIRONMENT_MAX_BYTES: int = 1024**3
    ENVIRONMENT_MAX_FILES: int = 30_000
    ENVIRONMENT_SECONDS: int = 600
    #: The stored configuration of one plugin, as JSON.
    CONFIG_MAX_BYTES: int = 64 * 1024
    #: Changes of a configuration that can be looked at and returned to, per plugin.
    CONFIG_HISTORY: int = 50
    #: Tries before a delivery is dead, and the pause after the first failure; it doubles each time.
    DELIVERY_TRIES: int = 5
    DELIVERY_BACKOFF_SECONDS: int = 10
    #: How long deliveries are kept after they were done, or dead.
    DELIVERY_DONE_HOURS: int = 24
    DELIVERY_DEAD_DAYS: int = 30
    #: What a disabled plugin may have waiting: how many, and for how long.
    DELIVERY_DISABLED_LIMIT: int = 10_000
    DELIVERY_DISABLED_DAYS: int = 7
    #: How long it is remembered who touched a message.
    TRACE_DAYS: int = 14
    #: Releases of a plugin that are kept, the running one included.
    RELEASES_KEPT: int = 3
    #: How long a release is watched after it took over.
    UPGRADE_WATCH_SECONDS: int = 300
    #: How long an uninstalled plugin can be restored; then its data and files go.
    BIN_DAYS: int = 30
    #: A release that a catalogue offers for a shorter time is neither installed nor announced
    #: unless an admin insists: a stolen key is often noticed within days.
    CATALOGUE_COOLDOWN_DAYS: int = 3
    #: All that is asked of a catalogue at once, in seconds; a package may take ten times as long.
    CATALOGUE_SECONDS: float = 60.0
    #: How many rows are changed at once: SQLite lets nobody else write meanwhile.
    SWEEP_ROWS: int = 1000
    #: The field of the user model that holds the opaque id which plugins know.
    USER_ID_FIELD: str = "public_id"

    def __getattribute__(self, name: str) -> Any:
        value = getattr(settings, f"PLEXICHAT_{name}", _UNSET)
        return super().__getattribute__(name) if value is _UNSET else value


conf = RegistrySettings()
