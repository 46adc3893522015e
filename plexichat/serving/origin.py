"""Which web pages may open WebSockets here.

A browser sends a user's cookies with any page's handshake, but it always names the page's
origin. So a foreign origin is refused, and none at all (a program, not a page) passes: without
a browser there is no cookie to abuse, and such a client proves itself by token or ticket.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from channels.security.websocket import WebsocketDenier
from django.http.request import split_domain_port, validate_host

from plexichat.serving.asgi_types import Application, Receive, Scope, Send


class TrustedOrigins:
    """Refuses handshakes (403) from pages of foreign origins.

    `hosts` are Django's ALLOWED_HOSTS patterns, `origins` full origins such as
    `https://app.example.com`.
    """

    def __init__(self, inner: Application, *, hosts: Sequence[str], origins: Sequence[str]) -> None:
        self._inner = inner
        self._hosts = hosts
        self._origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a handshake on, or refuse it."""
        given = [value for name, value in scope["headers"] if name == b"origin"]
        if all(self.trusts(value.decode("latin-1")) for value in given):
            await self._inner(scope, receive, send)
        else:
            await WebsocketDenier()(scope, receive, send)

    def trusts(self, origin: str) -> bool:
        """Return whether pages of this origin are ours; anything unreadable is not."""
        if origin in self._origins:
            return True
        try:
            parts = urlsplit(origin)
            domain, _port = split_domain_port(parts.netloc)
        except ValueError:
            return False
        is_page = parts.scheme in ("http", "https")
        return is_page and bool(domain) and validate_host(domain, self._hosts)
