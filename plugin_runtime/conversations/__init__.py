"""Conversations: a caller and a plugin on one socket, nobody in between.

Threads call with `call`; a Channels consumer opens a conversation of its own with `open_socket`.
"""

from __future__ import annotations

from .live import AsyncConversation, open_socket
from .pool import call

__all__ = ["AsyncConversation", "call", "open_socket"]
