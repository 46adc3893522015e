"""A plugin's answer on its way to the user: checked, cut to what is safe, made HTTP.

The answer comes from hostile code and is served from the chat's own origin. So no cookie, no
CORS, no policy header passes, and every answer is sandboxed: were it HTML, a script in it could
otherwise act with the session of whoever opens the link.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse

from plexichat_plugin_sdk._answers.http import NO_BODY, BadAnswer, checked_headers, parts_of

from . import json_values

__all__ = ["BadAnswer", "to_response"]


def to_response(result: Any, *, head: bool = False) -> HttpResponse:
    """Return the HTTP response of `[status, headers, body]`; raise `BadAnswer`.

    A dict, list, number, boolean or None is sent as JSON, a string as plain text, bytes as an
    octet stream, unless the plugin names another content type. Headers outside the allow-list
    are dropped. With `head` the body is measured and left out.
    """
    status, headers, body = parts_of(result)
    passed = checked_headers(headers)
    content, default_type = _content(status, body)
    content_type = passed.pop("content-type", default_type)
    response = HttpResponse(b"" if head else content, status=status, content_type=content_type)
    if not content_type:
        del response["Content-Type"]
    if status not in NO_BODY:
        response["Content-Length"] = str(len(content))
    for name, value in passed.items():
        response[name] = value
    return _made_safe(response)


def _made_safe(response: HttpResponse) -> HttpResponse:
    # `sandbox` gives a document an origin of its own and no scripts, `default-src` no sources;
    # `nosniff` keeps a browser from taking JSON or bytes for a document at all.
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["X-Content-Type-Options"] = "nosniff"
    # Answers belong to one user; a cache on the way must not hand them to the next.
    response.setdefault("Cache-Control", "no-store")
    response["Vary"] = "Authorization, Cookie"
    return response


def _content(status: int, body: Any) -> tuple[bytes, str]:
    """Return the body's bytes and the content type they have unless the plugin names one."""
    if status in NO_BODY:
        return b"", ""
    if isinstance(body, str):
        return body.encode(), "text/plain; charset=utf-8"
    if isinstance(body, bytes):
        return body, "application/octet-stream"
    try:
        return json_values.encode(body), "application/json"
    except json_values.NotJson as error:
        raise BadAnswer(f"the body cannot be sent: {error}") from error
