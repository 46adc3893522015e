"""What others may ask the registry. Nothing here writes."""

from __future__ import annotations

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
from plugins_registry.queries.configuration import effective_config, stored_config
from plugins_registry.queries.permissions import permission_check, permissions_of
from plugins_registry.queries.traces import ShadowReport, message_trace, shadow_report
from plugins_registry.queries.wanted import WantedPlugin, wanted_plugins

__all__ = [
    "Binned",
    "Board",
    "BoardEndpoint",
    "BoardPlugin",
    "BoardSocket",
    "ShadowReport",
    "WantedPlugin",
    "bin_entries",
    "board",
    "effective_config",
    "generation",
    "last_calls",
    "message_trace",
    "permission_check",
    "permissions_of",
    "shadow_report",
    "stored_config",
    "wanted_plugins",
]
