"""HTTP between users and plugins: what of a request a plugin sees, what of its answer passes.

A plugin is hostile: with a user's token or cookie it could act as that user anywhere. It does
not see hop-by-hop fields either, nor what proxies tell the host about the inside of the house.
Its answer is served from the chat's own origin, so no cookie, no CORS, no policy header passes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

_HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_CREDENTIALS = frozenset({"authorization", "cookie", "x-csrftoken", "x-xsrf-token", "x-api-key"})
_HOST_INTERNAL = frozenset(
    {
        "forwarded",
        "via",
        "x-real-ip",
        "x-client-ip",
        "x-cluster-client-ip",
        "true-client-ip",
        "cf-connecting-ip",
        "x-original-url",
        "x-rewrite-url",
        "x-request-id",
        "x-script-name",
        "x-sendfile",
    }
)
_HIDDEN = _HOP_BY_HOP | _CREDENTIALS | _HOST_INTERNAL
_HIDDEN_PREFIXES = ("proxy-", "x-forwarded-", "x-accel-", "x-envoy-", "sec-websocket-", "x-auth-")
#: A WebSocket's one-use ticket travels in the query; long tokens should not, but might.
HIDDEN_PARAMETERS = frozenset({"ticket", "token", "access_token"})


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
#: Statuses whose answers have no body.
NO_BODY = frozenset({204, 205, 304})


class BadAnswer(Exception):
    """An answer that is no `(body, status, headers)`; the message says what is wrong with it."""


def visible_headers(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the headers a plugin may see, names in lower case.

    Names listed in `Connection` are hop-by-hop as well and are left out.
    """
    lower = [(name.lower(), value) for name, value in headers]
    named = ",".join(value for name, value in lower if name == "connection")
    hidden = _HIDDEN | {name.strip().lower() for name in named.split(",")}
    return {
        name: value
        for name, value in lower
        if name not in hidden and not name.startswith(_HIDDEN_PREFIXES)
    }


def parts_of(result: Any) -> tuple[int, dict[Any, Any], Any]:
    """Return status, headers and body of an answer; raise `BadAnswer`."""
    match result:
        case [bool(), _, _]:
            pass
        case [int(status), dict(headers), body] if 200 <= status <= 599:
            return status, headers, body
    raise BadAnswer("expected a body, (body, status) or (body, status, headers), status 200-599")


def checked_headers(headers: dict[Any, Any]) -> dict[str, str]:
    """Return the headers that pass, names in lower case; raise `BadAnswer`."""
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
