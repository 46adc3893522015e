"""The chat's settings: every one it reads, with its default."""

from __future__ import annotations

from typing import Any

from django.conf import settings


class ChatSettings:
    """Read lazily from Django's settings under `PLEXICHAT_` and the upper-case name."""

    #: Longest message, in characters.
    message_characters: int = 8_000
    #: How fast one user may post and edit, per web process; five seconds' worth at once.
    post_rate: str = "20/s"
    #: Largest `metadata` of a message, in bytes of JSON.
    metadata_bytes: int = 16_384
    #: Most members that a channel may be created with; more can join or be added later.
    initial_members: int = 500
    #: Largest body of a chat API call, in bytes.
    chat_body_bytes: int = 256 * 1024
    #: Items of a page when the client names no limit, and the most it may name.
    page_size: int = 50
    page_size_maximum: int = 100
    #: How long a socket ticket is worth something.
    ticket_seconds: int = 30
    #: How often a live socket looks at its user's memberships anew. Changes arrive at once; this
    #: bounds how long one socket may go on listening when such a message was lost.
    live_resync_seconds: float = 60.0
    #: Largest frame a client may send on the live socket, in characters.
    live_frame_characters: int = 64 * 1024
    #: Threads in which live sockets do what blocks: database, filters.
    live_threads: int = 4
    #: Trusted reverse proxies in front of us; each adds one address to `X-Forwarded-For`.
    proxies: int = 0

    def __getattribute__(self, name: str) -> Any:
        default = super().__getattribute__(name)
        return getattr(settings, f"PLEXICHAT_{name.upper()}", default)


chat_settings = ChatSettings()
