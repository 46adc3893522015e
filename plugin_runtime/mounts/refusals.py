"""What a user is told when a plugin's endpoint gives no answer of its own.

Each refusal is a status, a stable `code` and a sentence; none carries anything from inside.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import JsonResponse

#: For `Retry-After`: a restarting plugin is usually back by then.
RETRY_SECONDS = 5


class Refused(Exception):
    """A request that does not reach a plugin, or whose plugin gave no usable answer."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})
        #: More keys for the body.
        self.extra = dict(extra or {})

    def response(self) -> JsonResponse:
        """Return it as the API's one shape of errors."""
        body = {"code": self.code, "detail": self.detail, **self.extra}
        return JsonResponse(body, status=self.status, headers=self.headers)


def not_found() -> Refused:
    """Nothing is mounted at the path."""
    return Refused(404, "not_found", "There is no such endpoint.")


def method_not_allowed(method: str, allowed: list[str]) -> Refused:
    """The path answers other methods."""
    names = ", ".join(allowed)
    return Refused(
        405,
        "method_not_allowed",
        f"{method} is not allowed here; expected one of {names}.",
        headers={"Allow": names},
    )


def not_authenticated(detail: str) -> Refused:
    """Nobody is logged in, or the credentials are wrong."""
    headers = {"WWW-Authenticate": "Bearer"}
    return Refused(401, "not_authenticated", detail, headers=headers)


def permission_denied(detail: str) -> Refused:
    """The user may not."""
    return Refused(403, "permission_denied", detail)


def too_large(limit_bytes: int) -> Refused:
    """The body exceeds the limit."""
    detail = f"The body is too large; at most {limit_bytes} bytes are accepted."
    return Refused(413, "too_large", detail)


def length_required() -> Refused:
    """A body of unknown length, which the server would otherwise take for an empty one."""
    return Refused(411, "length_required", "Send the body with a Content-Length.")


def invalid(detail: str) -> Refused:
    """The request cannot be understood."""
    return Refused(400, "invalid", detail)


def throttled(seconds: int) -> Refused:
    """Too many requests of this user to this plugin."""
    return Refused(
        429,
        "throttled",
        f"Too many requests; try again in {seconds} seconds.",
        headers={"Retry-After": str(seconds)},
    )


def unavailable(seconds: int = RETRY_SECONDS) -> Refused:
    """The plugin is not running, or busy beyond measure."""
    return Refused(
        503,
        "plugin_unavailable",
        f"The plugin behind this endpoint does not answer now; try again in {seconds} seconds.",
        headers={"Retry-After": str(seconds)},
    )


def deadline() -> Refused:
    """The plugin took too long. It may have done what was asked all the same."""
    return Refused(504, "deadline", "The plugin behind this endpoint did not answer in time.")


def plugin_error(reference: str) -> Refused:
    """The plugin failed; the log has the rest under the reference."""
    return Refused(
        500,
        "plugin_error",
        f"The plugin behind this endpoint failed; quote reference {reference} to an admin.",
        extra={"reference": reference},
    )
