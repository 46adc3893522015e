"""Responses: what a user gets for a request to the plugin's endpoint."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from plexichat_plugin_sdk._answers.http import NO_BODY, checked_headers, parts_of


class Response:
    """One answer, as it leaves the server."""

    def __init__(
        self, status: int, headers: Mapping[str, str], content: bytes, error: BaseException | None
    ) -> None:
        #: The HTTP status.
        self.status = status
        #: Names in lower case; what a plugin may not set is left out.
        self.headers = dict(headers)
        #: The bytes of the body.
        self.content = content
        #: What the handler raised when the answer is a 500; `None` otherwise.
        self.error = error

    @property
    def text(self) -> str:
        """The body as text."""
        return self.content.decode()

    def json(self) -> Any:
        """Return the body decoded; raise `ValueError` when it is no JSON."""
        return json.loads(self.content)

    def __repr__(self) -> str:
        return f"<Response {self.status} {self.content[:200]!r}>"


def refusal(
    status: int, code: str, detail: str, *, headers: Mapping[str, str] | None = None
) -> Response:
    """Return what the server itself answers."""
    content = json.dumps({"code": code, "detail": detail}).encode()
    return Response(status, {"content-type": "application/json", **(headers or {})}, content, None)


def failure(error: BaseException) -> Response:
    """Return what the server answers for a plugin that failed."""
    reference = "0" * 12
    detail = f"The plugin behind this endpoint failed; quote reference {reference} to an admin."
    body = {"code": "plugin_error", "detail": detail, "reference": reference}
    return Response(500, {"content-type": "application/json"}, json.dumps(body).encode(), error)


def response_of(result: Any, *, head: bool) -> Response:
    """Return the response of `[status, headers, body]`; raise `BadAnswer`."""
    status, headers, body = parts_of(result)
    passed = checked_headers(headers)
    content, default_type = _content(status, body)
    if default_type:
        passed.setdefault("content-type", default_type)
    return Response(status, passed, b"" if head else content, None)


def _content(status: int, body: Any) -> tuple[bytes, str]:
    if status in NO_BODY:
        return b"", ""
    if isinstance(body, str):
        return body.encode(), "text/plain; charset=utf-8"
    if isinstance(body, bytes):
        return body, "application/octet-stream"
    encoded = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return encoded.encode(), "application/json"
