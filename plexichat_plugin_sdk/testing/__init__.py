"""Trying a plugin out without a server, in any test runner.

`MockContext` is a whole host in memory: the SDK's own client asks it, it answers with the code
that the server answers with, and remembers. `docs/testing-plugins.md` shows what tests look like.
"""

from __future__ import annotations

from ._database import MigrationFailed
from .case import PluginTestCase
from .context import CHANNEL_ID, USER_ID, MockContext
from .responses import Response
from .results import HookResult
from .sockets import SocketClient

__all__ = [
    "CHANNEL_ID",
    "USER_ID",
    "HookResult",
    "MigrationFailed",
    "MockContext",
    "PluginTestCase",
    "Response",
    "SocketClient",
]
