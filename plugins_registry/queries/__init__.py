"""What others may ask the registry. Nothing here writes."""

from __future__ import annotations

from plugins_registry.history import Difference
from plugins_registry.package.migrations import Migration, read_migrations
from plugins_registry.queries.bin import Binned, bin_entries
from plugins_registry.queries.board import (
    Board,
    BoardEndpoint,
    BoardPlugin,
    BoardSocket,
    board,
    generation,
)
from plugins_registry.queries.calls import last_calls
from plugins_registry.queries.configuration import (
    ConfigChange,
    OpenedConfig,
    config_history,
    config_problems,
    effective_config,
    opened_config,
    stored_config,
)
from plugins_registry.queries.offers import Offer, Update, search, updates
from plugins_registry.queries.permissions import (
    HeldPermissions,
    held_permissions,
    permission_check,
    permissions_of,
)
from plugins_registry.queries.standing import Standing, standing_of
from plugins_registry.queries.traces import ShadowReport, message_trace, shadow_report
from plugins_registry.queries.traffic import bytes_moved, last_traffic
from plugins_registry.queries.wanted import Trial, WantedPlugin, wanted_plugins

__all__ = [
    "Binned",
    "Board",
    "BoardEndpoint",
    "BoardPlugin",
    "BoardSocket",
    "ConfigChange",
    "Difference",
    "HeldPermissions",
    "Migration",
    "Offer",
    "OpenedConfig",
    "ShadowReport",
    "Standing",
    "Trial",
    "Update",
    "WantedPlugin",
    "bin_entries",
    "board",
    "bytes_moved",
    "config_history",
    "config_problems",
    "effective_config",
    "generation",
    "held_permissions",
    "last_calls",
    "last_traffic",
    "message_trace",
    "opened_config",
    "permission_check",
    "permissions_of",
    "read_migrations",
    "search",
    "shadow_report",
    "standing_of",
    "stored_config",
    "updates",
    "wanted_plugins",
]
