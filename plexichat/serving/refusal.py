"""Answers given before Django is asked, in the same words as all other errors."""

from __future__ import annotations

import json
from dataclasses import dataclass

from plexichat.serving.asgi_types import Send


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """One error answer."""

    #: HTTP status.
    status: int
    #: The stable word for programs.
    code: str
    #: The sentence for people.
    detail: str
    #: After how many seconds trying again makes sense; 0 for never.
    retry_after_seconds: int = 0


TOO_LARGE = Refusal(
    status=413, code="body_too_large", detail="The request body is larger than this server takes."
)
LENGTH_REQUIRED = Refusal(
    status=411, code="length_required", detail="Send the body with a Content-Length header."
)
BUSY = Refusal(
    status=503, code="busy", detail="Too many requests are waiting.", retry_after_seconds=1
)
CLOSING = Refusal(
    status=503, code="stopping", detail="The server is stopping.", retry_after_seconds=5
)


async def refuse(refusal: Refusal, send: Send) -> None:
    """Send a refusal as the whole answer."""
    body = json.dumps({"code": refusal.code, "detail": refusal.detail}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        # The rest of a refused body would otherwise be read as the next request.
        (b"connection", b"close"),
    ]
    if refusal.retry_after_seconds:
        headers.append((b"retry-after", str(refusal.retry_after_seconds).encode()))
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
