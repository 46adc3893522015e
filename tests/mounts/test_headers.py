from __future__ import annotations

import pytest

from plugin_runtime.mounts.headers import visible_headers, visible_params


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "Cookie",
        "X-CSRFToken",
        "Proxy-Authorization",
        "Proxy-Connection",
        "Connection",
        "Keep-Alive",
        "Transfer-Encoding",
        "TE",
        "Upgrade",
        "Forwarded",
        "X-Forwarded-For",
        "X-Real-IP",
        "X-Accel-Redirect",
        "Sec-WebSocket-Key",
    ],
)
def test_a_plugin_does_not_see(name: str) -> None:
    headers = visible_headers([(name, "secret"), ("Accept-Language", "de")])
    assert headers == {"accept-language": "de"}


def test_headers_named_in_connection_are_hop_by_hop() -> None:
    headers = [("Connection", "close, X-Once"), ("X-Once", "1"), ("X-Twice", "2")]
    assert visible_headers(headers) == {"x-twice": "2"}


def test_of_a_repeated_parameter_all_values_are_kept() -> None:
    assert visible_params("a=1&b=2&a=3&c=") == {"a": ["1", "3"], "b": "2", "c": ""}


@pytest.mark.parametrize("name", ["ticket", "token", "access_token", "Ticket"])
def test_credentials_in_the_query_are_not_passed_on(name: str) -> None:
    assert visible_params(f"{name}=secret&page=2".encode()) == {"page": "2"}
