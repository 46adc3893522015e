"""The entrance: the first code that sees a connection, before any part does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from plexichat.serving.asgi_types import Application, Receive, Scope, Send

#: Headers by which a client could tell the server where it is mounted.
_MOUNT_HEADERS = frozenset({b"daphne-root-path"})


class Entrance:
    """Passes connections on with a clean scope, and announces the event loop once.

    The loop is how threads that answer HTTP reach live sockets; it is known only from within.
    """

    def __init__(
        self, inner: Application, *, on_loop: Callable[[asyncio.AbstractEventLoop], Any]
    ) -> None:
        self._inner = inner
        self._on_loop = on_loop
        self._announced: asyncio.AbstractEventLoop | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        loop = asyncio.get_running_loop()
        if loop is not self._announced:
            self._on_loop(loop)
            self._announced = loop
        await self._inner(clean(scope), receive, send)


def clean(scope: Scope) -> Scope:
    """Return the scope without what a client may not decide.

    Daphne believes a `Daphne-Root-Path` header of anybody, which would shift every path; and
    `X_Forwarded_For` would look like `X-Forwarded-For` once both became environment names.
    """
    if "headers" not in scope:
        return scope
    headers = [
        (name, value)
        for name, value in scope["headers"]
        if b"_" not in name and name not in _MOUNT_HEADERS
    ]
    return {**scope, "headers": headers, "root_path": ""}
