"""What a plugin may know of a request's head: parameters and headers, without credentials.

A plugin is hostile: with a user's token or cookie it could act as that user anywhere. It does
not see hop-by-hop fields either, nor what proxies tell the host about the inside of the house.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.http import QueryDict

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
_HIDDEN_PARAMETERS = frozenset({"ticket", "token", "access_token"})


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


def visible_params(query: str | bytes) -> dict[str, str | list[str]]:
    """Return the query parameters a plugin may see; a repeated one as the list of its values.

    Raises `TooManyFieldsSent` beyond Django's `DATA_UPLOAD_MAX_NUMBER_FIELDS`.
    """
    return {
        name: values[0] if len(values) == 1 else values
        for name, values in QueryDict(query).lists()
        if name.lower() not in _HIDDEN_PARAMETERS
    }
