"""A request as the plugin sees it: the payload of an `endpoint` call."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from .bodies import Body
from .headers import visible_headers, visible_params
from .routes import Route


def public_id_of(user: Any) -> str:
    """Return the opaque id under which plugins know a user."""
    return str(user.public_id)


def endpoint_payload(request: HttpRequest, route: Route, body: Body) -> dict[str, Any]:
    """Return what is sent to the plugin; the request's user must be logged in."""
    return {
        "user_id": public_id_of(request.user),
        "method": request.method,
        "path": request.path_info,
        "path_params": route.path_params,
        "params": visible_params(request.META.get("QUERY_STRING", "")),
        "headers": visible_headers(request.headers.items()),
        "body": body.value,
        "files": body.files,
    }
