"""A plugin's answer on its way to the user: checked, cut to what is safe, made HTTP.

The answer comes from hostile code and is served from the chat's own origin. So no cookie, no
CORS, no policy header passes, and every answer is sandboxed: were it HTML, a script in it could
otherwise act with the session of whoever opens the link.
"""

from __future__ import annotations

import re
from typing import Any

from django.http import HttpResponse

from . import json_values

_PASSED_HEADERS = frozenset(
    {
        "content-type",
        "content-disposition",
        "content-language",
        "cache-control",
        "etag",
        "last-modified",
        "expires",
        "location",
        "retry-after",
        "link",
    }
)
_PASSED_PREFIX = "x-ratelimit-"
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\xa0-\xff]{0,4096}")
_MEDIA_TYPE = re.compile(r"[\w.+-]{1,100}/[\w.+-]{1,100}(\s*;[\x20-\x7e]*)?", re.ASCII)
#: One leading slash only: `//host` and `/\host` lead to other hosts.
_RELATIVE = re.compile(r"(/(?![/\\])|[?#])[\x21-\x7e]*|/")
_NO_BODY = frozenset({204, 205, 304})


class BadAnswer(Exception):
    """An answer that is no `(body, status, headers)`; the message says what is wrong with it."""


def to_response(result: Any, *, head: bool = False) -> HttpResponse:
    """Return the HTTP response of `[status, headers, body]`; raise `BadAnswer`.

    A dict, list, number, boolean or None is sent as JSON, a string as plain text, bytes as an
    octet stream, unless the plugin names another content type. Headers outside the allow-list
    are dropped. With `head` the body is measured and left out.
    """
    status, headers, body = _parts(result)
    passed = _checked_headers(headers)
    content, default_type = _content(status, body)
    content_type = passed.pop("content-type", default_type)
    response = HttpResponse(b"" if head else content, status=status, content_type=content_type)
    if not content_type:
        del response["Content-Type"]
    if status not in _NO_BODY:
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


def _parts(result: Any) -> tuple[int, dict[Any, Any], Any]:
    match result:
        case [bool(), _, _]:
            pass
        case [int(status), dict(headers), body] if 200 <= status <= 599:
            return status, headers, body
    raise BadAnswer("expected a body, (body, status) or (body, status, headers), status 200-599")


def _checked_headers(headers: dict[Any, Any]) -> dict[str, str]:
    passed = {}
    for name, value in headers.items():
        if not (isinstance(name, str) and _HEADER_NAME.fullmatch(name)):
            raise BadAnswer(f"{name!r} is no header name")
        if not (isinstance(value, str) and _HEADER_VALUE.fullmatch(value)):
            raise BadAnswer(
                f"header {name!r}: {value!r:.200} is no header value (one line of text)"
            )
        lower = name.lower()
        if lower in _PASSED_HEADERS or lower.startswith(_PASSED_PREFIX):
            passed[lower] = value
    _check_values(passed)
    return passed


def _check_values(passed: dict[str, str]) -> None:
    content_type = passed.get("content-type", "text/plain")
    if not _MEDIA_TYPE.fullmatch(content_type):
        raise BadAnswer(f"content-type: {content_type!r:.200} is no media type")
    location = passed.get("location", "/")
    if not _RELATIVE.fullmatch(location):
        raise BadAnswer(f"location: {location!r:.200} must be a path on this server ('/…')")


def _content(status: int, body: Any) -> tuple[bytes, str]:
    """Return the body's bytes and the content type they have unless the plugin names one."""
    if status in _NO_BODY:
        return b"", ""
    if isinstance(body, str):
        return body.encode(), "text/plain; charset=utf-8"
    if isinstance(body, bytes):
        return body, "application/octet-stream"
    try:
        return json_values.encode(body), "application/json"
    except json_values.NotJson as error:
        raise BadAnswer(f"the body cannot be sent: {error}") from error
