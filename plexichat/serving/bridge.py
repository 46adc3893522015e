"""The HTTP bridge: Django's WSGI handler on a fixed number of threads inside an ASGI server.

Plain ASGI gives every synchronous request a fresh thread and two hops. Threads that live on
halve the cost and keep their database connections and their conversations with plugins.
a2wsgi carries the requests over; this file bounds what may wait, and makes sure that a client
who leaves in the middle of an answer never takes a thread with it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

from a2wsgi import WSGIMiddleware

from plexichat import metrics
from plexichat.serving.asgi_types import Message, Receive, Scope, Send
from plexichat.serving.refusal import BUSY, CLOSING, LENGTH_REQUIRED, TOO_LARGE, Refusal, refuse

logger = logging.getLogger(__name__)

#: Requests that may wait per thread before newcomers are told to come back.
WAITING_PER_THREAD = 64


class HttpBridge:
    """Answers HTTP connections with a WSGI application.

    `body_bytes` bounds every request body by its stated length; a body without one is refused,
    because WSGI could not read it. When too many wait, and while closing, the answer is 503.
    """

    def __init__(self, application: Any, *, threads: int, body_bytes: int) -> None:
        # a2wsgi has ASGI types of its own, which no other package shares.
        self._on_threads: Any = WSGIMiddleware(application, workers=threads)
        self._places = threads * (1 + WAITING_PER_THREAD)
        self._body_bytes = body_bytes
        self._inside: set[asyncio.Task[None]] = set()
        self._is_closing = False

    @property
    def is_idle(self) -> bool:
        """Whether no request is being answered."""
        return not self._inside

    def close(self) -> None:
        """Refuse all further requests; those inside are answered to their end."""
        self._is_closing = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        refusal = self._refusal(scope)
        if refusal:
            await refuse(refusal, send)
            return
        task = asyncio.ensure_future(self._answer(scope, receive, send))
        self._inside.add(task)
        task.add_done_callback(self._inside.discard)
        # Servers cancel a connection whose client has left. The thread must not notice: it
        # would wait for ever for somebody to take the rest of its answer.
        await asyncio.shield(task)

    def _refusal(self, scope: Scope) -> Refusal | None:
        if self._is_closing:
            return CLOSING
        if len(self._inside) >= self._places:
            return BUSY
        headers = dict(scope["headers"])
        if b"transfer-encoding" in headers:
            return LENGTH_REQUIRED
        stated = headers.get(b"content-length", b"0")
        if not stated.isdigit():
            return LENGTH_REQUIRED
        # Python refuses to convert thousands of digits, and no honest length has twenty.
        return TOO_LARGE if len(stated) > 19 or int(stated) > self._body_bytes else None

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        client = _Client(receive, send)
        await self._on_threads(scope, client.receive, client.send)
        metrics.request_answered(scope["method"], client.status, time.perf_counter() - started)


class _Client:
    """The other end of one request, which may leave at any moment."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._has_left = False
        self.status = 0

    async def receive(self) -> Message:
        """Return the next part of the body; a client who left raises, or half a body would pass."""
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise ConnectionResetError("the client left before its request was complete")
        return message

    async def send(self, message: Message) -> None:
        """Pass a part of the answer on; whoever has left gets nothing, and that is no error."""
        self.status = message.get("status", self.status)
        if self._has_left:
            return
        try:
            await self._send(message)
        except Exception:  # a wall: each server has its own way to say that the client left
            self._has_left = True
            logger.debug("client left during the answer", exc_info=True)
