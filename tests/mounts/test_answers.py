from __future__ import annotations

from typing import Any

import pytest

from plugin_runtime.mounts.answers import BadAnswer, to_response


@pytest.mark.parametrize(
    ("body", "content", "content_type"),
    [
        pytest.param({"a": [1]}, b'{"a":[1]}', "application/json", id="dict"),
        pytest.param([], b"[]", "application/json", id="list"),
        pytest.param(None, b"null", "application/json", id="None"),
        pytest.param({"x": float("nan")}, b'{"x":null}', "application/json", id="NaN"),
        pytest.param("ü", "ü".encode(), "text/plain; charset=utf-8", id="text"),
        pytest.param(b"\x00", b"\x00", "application/octet-stream", id="bytes"),
    ],
)
def test_a_body_gets_its_natural_type(body: Any, content: bytes, content_type: str) -> None:
    response = to_response([200, {}, body])
    assert (response.content, response["Content-Type"]) == (content, content_type)


def test_the_plugin_names_status_and_type() -> None:
    response = to_response([201, {"Content-Type": "text/html; charset=utf-8"}, "<p>"])
    assert (response.status_code, response["Content-Type"]) == (201, "text/html; charset=utf-8")


@pytest.mark.parametrize("status", [204, 304])
def test_some_statuses_have_no_body(status: int) -> None:
    response = to_response([status, {}, {"ignored": True}])
    assert response.content == b""
    assert "Content-Type" not in response


def test_head_measures_the_body_and_leaves_it_out() -> None:
    response = to_response([200, {}, "four"], head=True)
    assert (response.content, response["Content-Length"]) == (b"", "4")


@pytest.mark.parametrize(
    "name",
    [
        "Set-Cookie",
        "Access-Control-Allow-Origin",
        "Content-Security-Policy",
        "X-Accel-Redirect",
        "X-Sendfile",
        "Content-Length",
        "Transfer-Encoding",
        "Connection",
        "Strict-Transport-Security",
        "Refresh",
        "Clear-Site-Data",
        "Service-Worker-Allowed",
        "Content-Encoding",
    ],
)
def test_a_plugin_cannot_set(name: str) -> None:
    response = to_response([200, {name: "evil"}, "x"])
    assert response.get(name) != "evil"


@pytest.mark.parametrize(
    "name",
    [
        "Content-Disposition",
        "Content-Language",
        "Cache-Control",
        "ETag",
        "Last-Modified",
        "Expires",
        "Retry-After",
        "Link",
        "X-RateLimit-Remaining",
    ],
)
def test_a_plugin_may_set(name: str) -> None:
    assert to_response([200, {name: "value"}, "x"])[name] == "value"


def test_every_answer_is_sandboxed_and_private() -> None:
    response = to_response([200, {"content-type": "text/html"}, "<script>"])
    assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"] == "no-store"
    assert response["Vary"] == "Authorization, Cookie"


@pytest.mark.parametrize("location", ["/", "/a/b?c=d#e", "?page=2", "#top"])
def test_a_redirect_may_stay_here(location: str) -> None:
    assert to_response([302, {"Location": location}, ""])["Location"] == location


@pytest.mark.parametrize(
    "location",
    ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:x", "", "/a b"],
)
def test_a_redirect_may_not_lead_away(location: str) -> None:
    with pytest.raises(BadAnswer, match="path on this server"):
        to_response([302, {"Location": location}, ""])


@pytest.mark.parametrize(
    ("result", "words"),
    [
        pytest.param({"status": 200}, "expected a body", id="no triple"),
        pytest.param([200, {}], "expected a body", id="a pair"),
        pytest.param([199, {}, ""], "200-599", id="status too low"),
        pytest.param([600, {}, ""], "200-599", id="status too high"),
        pytest.param([True, {}, ""], "200-599", id="boolean status"),
        pytest.param(["200", {}, ""], "200-599", id="text status"),
        pytest.param([200, [], ""], "expected a body", id="list of headers"),
        pytest.param([200, {"a b": "x"}, ""], "no header name", id="header name"),
        pytest.param([200, {1: "x"}, ""], "no header name", id="numeric name"),
        pytest.param([200, {"etag": 1}, ""], "one line of text", id="numeric value"),
        pytest.param([200, {"etag": "a\r\nSet-Cookie: b"}, ""], "one line of text", id="CRLF"),
        pytest.param(
            [200, {"x-other": "a\nb"}, ""], "one line of text", id="newline, dropped name"
        ),
        pytest.param([200, {"etag": "\u0100"}, ""], "one line of text", id="not latin-1"),
        pytest.param([200, {"content-type": "html"}, ""], "media type", id="media type"),
        pytest.param([200, {}, {(1, 2): 3}], "cannot be sent", id="no JSON"),
    ],
)
def test_what_is_no_answer_is_named(result: Any, words: str) -> None:
    with pytest.raises(BadAnswer, match=words):
        to_response(result)
