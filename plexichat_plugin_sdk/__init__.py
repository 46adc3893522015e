"""What a plugin's author imports.

The names are grouped by what they are for; everything whose module starts with an underscore is
inside machinery. This package depends on nothing but Python.
"""

from __future__ import annotations

from .context import PluginContext
from .endpoints import endpoint, websocket_endpoint
from .events import Event, current_event
from .exceptions import (
    HostError,
    LimitReached,
    MessageBlocked,
    NotAvailable,
    PluginError,
    ValidationError,
    WebSocketClosed,
)
from .hooks import emit_hook, hook
from .jobs import background, scheduled
from .messaging import broadcast, send_message
from .plugin import Plugin
from .requests import Request, UploadedFile
from .security import check_permission, get_user_permissions, require_permission
from .verdicts import Allow, Block
from .websockets import AsyncWebSocket, WebSocket

__all__ = [  # noqa: RUF022 -- grouped by purpose, not by alphabet
    # The plugin itself
    "Plugin",
    "PluginContext",
    # Hooks and verdicts
    "hook",
    "emit_hook",
    "Event",
    "current_event",
    "Allow",
    "Block",
    "MessageBlocked",
    # Endpoints
    "endpoint",
    "websocket_endpoint",
    "Request",
    "UploadedFile",
    "WebSocket",
    "AsyncWebSocket",
    "WebSocketClosed",
    # Users
    "require_permission",
    "check_permission",
    "get_user_permissions",
    # Speaking up
    "send_message",
    "broadcast",
    "background",
    "scheduled",
    # What may go wrong; the SDK's PermissionError is in `exceptions`, it would hide Python's here
    "PluginError",
    "ValidationError",
    "NotAvailable",
    "LimitReached",
    "HostError",
]
