"""Request bodies that are too large are thrown away as they arrive.

Daphne gathers a whole body, in a file when it is long, before any application sees the request.
Unbounded, that lets anybody fill the disk. The bridge then refuses such a request by the length
it states; nobody ever asks for its body.
"""

from __future__ import annotations

import io
from typing import Any

from daphne.http_protocol import HTTPFactory, WebRequest
from django.conf import settings


class Nowhere(io.BytesIO):
    """A body that keeps nothing of what is written."""

    def write(self, part: Any) -> int:
        """Take the part and forget it."""
        return len(part)


class BoundedRequest(WebRequest):
    """A request whose body never outgrows the server's limit."""

    def gotLength(self, length: int | None) -> None:
        """Choose where the body goes; `length` is None for one of unknown length."""
        if length is None or length > settings.PLEXICHAT_BODY_BYTES:
            self.content = Nowhere()
        else:
            super().gotLength(length)


def bound(factory: HTTPFactory) -> None:
    """Let a factory make bounded requests from now on."""
    build = factory.buildProtocol

    def build_bounded(address: Any) -> Any:
        protocol = build(address)
        protocol.requestFactory = BoundedRequest
        return protocol

    factory.buildProtocol = build_bounded
