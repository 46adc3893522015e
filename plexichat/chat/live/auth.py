"""Who opens a socket.

In this order, and the first that is there decides:

1. `Authorization: Bearer …` in the handshake: programs.
2. `?ticket=…`: browsers of other front ends, which cannot set a header. Spent by the attempt.
3. The session cookie, only with an `Origin` header of this very host or of a trusted origin,
   because a browser sends the cookie along from any page on the web.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest
from django.http.cookie import parse_cookie

from plexichat.chat import services
from plexichat.chat.live.crossing import in_thread
from plexichat.chat.models import User

#: An ASGI connection scope; only read here.
Scope = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who opened a socket, and by which login."""

    #: The account, active at that moment.
    user: User
    #: Digest of the login's token; empty for a browser session.
    token_digest: str = ""


async def authenticate(scope: Scope) -> User | None:
    """Return the user who opens this socket, or nothing for an anonymous one.

    A ticket is spent by asking, so ask once per socket.
    """
    identity = await identify(scope)
    return identity.user if identity else None


async def identify(scope: Scope) -> Identity | None:
    """Return the user together with the login, for those who want to notice its end."""
    headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
    if b"authorization" in headers:
        return await in_thread(_by_token)(headers[b"authorization"])
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    if "ticket" in query:
        return await in_thread(_by_ticket)(query["ticket"][0])
    if b"cookie" in headers and _is_own_page(headers):
        return await in_thread(_by_session)(headers[b"cookie"])
    return None


def _by_token(header: str) -> Identity | None:
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer":
        return None
    login = services.token_login(token.strip())
    return Identity(user=login.user, token_digest=login.digest) if login else None


def _by_ticket(ticket: str) -> Identity | None:
    spent = services.redeem_ticket(ticket)
    return Identity(user=spent.user, token_digest=spent.token_digest) if spent else None


def _by_session(cookies: str) -> Identity | None:
    key = parse_cookie(cookies).get(settings.SESSION_COOKIE_NAME)
    if not key:
        return None
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    # Also checks that the password has not changed since.
    user = get_user(request)
    return Identity(user=user) if isinstance(user, User) and user.is_active else None


def _is_own_page(headers: Mapping[bytes, str]) -> bool:
    origin = headers.get(b"origin", "")
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    try:
        page = urlsplit(origin)
    except ValueError:
        return False
    return page.scheme in ("http", "https") and page.netloc == headers.get(b"host")
