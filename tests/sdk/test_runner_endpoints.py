"""Endpoints, asked of the runner in a real child."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from plexichat_plugin_sdk._handlers.endpoints import shaped
from plexichat_plugin_sdk._handlers.failures import Refused
from plexichat_plugin_sdk._wire import codes
from plexichat_plugin_sdk._wire.conversation import Failure
from tests.sdk.child import Conversation, running

SOURCE = """
import datetime, os, uuid
from plexichat_plugin_sdk import exceptions

class Sample(Plugin):
    @endpoint("/echo/{name}", methods=["GET", "POST"])
    def echo(self, r):
        files = {name: [f.filename, f.size] for name, f in r.files.items()}
        return {
            "user": r.user_id, "method": r.method, "path": r.path, "path_params": r.path_params,
            "params": r.params, "lists": r.params_list, "agent": r.headers["User-Agent"],
            "body": r.body, "files": files,
        }

    @endpoint("/async")
    async def asynchronous(self, r): return {"a": 1}, 202

    @endpoint("/bytes")
    def raw(self, r): return r.body + b"!", 200, {"Content-Type": "image/png", "X-Count": 3}

    @endpoint("/dates")
    def dates(self, r):
        return {"day": datetime.date(2025, 8, 31), uuid.UUID(int=1): (1, 2)}

    @endpoint("/invalid")
    def invalid(self, r): raise ValidationError("limit must be a number")

    @endpoint("/refused")
    def refused(self, r): raise PermissionError("not yours")

    @endpoint("/refused-by-sdk")
    def refused_by_sdk(self, r): raise exceptions.PermissionError("no grant")

    @endpoint("/refused-by-system")
    def refused_by_system(self, r): raise PermissionError(13, "Permission denied", "/etc/shadow")

    @endpoint("/nan")
    def nan(self, r): return {"x": float("nan")}

    @endpoint("/import")
    def imports(self, r):
        import sys
        found = []
        for name in ("msgspec", "plugin_runtime", "django", "json", "plexichat_plugin_sdk.cache"):
            try:
                __import__(name)
                found.append(name)
            except ImportError:
                pass
        return {"found": found, "path": sys.path, "argv": sys.argv, "stdin": sys.stdin.read()}
"""


@pytest.fixture(scope="module")
def caller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Conversation]:
    with running(tmp_path_factory.mktemp("endpoints"), SOURCE) as child:
        yield child.conversation()


def test_a_request_arrives_whole(caller: Conversation) -> None:
    parts = {
        "path": "/echo/x",
        "path_params": {"name": "x"},
        "params": {"a": ["1", "2"]},
        "headers": {"user-agent": "curl"},
        "body": {"n": [1]},
        "files": {"f": {"filename": "a", "content_type": "", "content": b"\x00\xff"}},
    }
    status, headers, body = caller.request("POST /echo/{name}", **parts)
    assert (status, headers) == (200, {})
    assert body == {
        "user": "u1",
        "method": "POST",
        "path": "/echo/x",
        "path_params": {"name": "x"},
        "params": {"a": "2"},
        "lists": {"a": ["1", "2"]},
        "agent": "curl",
        "body": {"n": [1]},
        "files": {"f": ["a", 2]},
    }


def test_async_bytes_and_dates(caller: Conversation) -> None:
    assert caller.request("GET /async") == [202, {}, {"a": 1}]
    assert caller.request("GET /bytes", body=b"\xff") == [
        200,
        {"Content-Type": "image/png", "X-Count": "3"},
        b"\xff!",
    ]
    dates = {"day": "2025-08-31", "00000000-0000-0000-0000-000000000001": [1, 2]}
    assert caller.request("GET /dates") == [200, {}, dates]


@pytest.mark.parametrize(
    ("path", "status", "code", "detail"),
    [
        ("/invalid", 400, "invalid", "limit must be a number"),
        ("/refused", 403, "permission_denied", "not yours"),
        ("/refused-by-sdk", 403, "permission_denied", "no grant"),
    ],
)
def test_refusals_are_answers(
    caller: Conversation, path: str, status: int, code: str, detail: str
) -> None:
    assert caller.request(f"GET {path}") == [status, {}, {"code": code, "detail": detail}]


def test_a_refusal_by_the_system_is_a_failure_and_not_shown_to_users(caller: Conversation) -> None:
    reply = caller.call("endpoint", "GET /refused-by-system", {})
    assert isinstance(reply, Failure)
    assert reply.code == codes.HANDLER_RAISED


def test_a_body_that_is_no_json_is_named(caller: Conversation) -> None:
    reply = caller.call("endpoint", "GET /nan", {})
    assert isinstance(reply, Failure)
    assert (reply.code, reply.message[:24]) == (codes.BAD_RESULT, "the body['x'] is nan, wh")


def test_a_plugin_sees_only_its_own_packages_and_a_harmless_process(caller: Conversation) -> None:
    body = caller.request("GET /import")[2]
    assert body["found"] == ["json", "plexichat_plugin_sdk.cache"]
    assert not any("site-packages" in entry for entry in body["path"])
    assert (body["argv"], body["stdin"]) == (["sample"], "")


@pytest.mark.parametrize(
    ("result", "answer"),
    [
        (None, [200, {}, None]),
        ("text", [200, {}, "text"]),
        (["a", 404], [200, {}, ["a", 404]]),
        (("a", 404), [404, {}, "a"]),
        ((None, 204, {"A": "b"}), [204, {"A": "b"}, None]),
        ((bytearray(b"x"), 200), [200, {}, b"x"]),
    ],
    ids=str,
)
def test_the_three_forms_of_a_result(result: Any, answer: list[Any]) -> None:
    assert shaped(result) == answer


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ((), "a tuple of 0 was returned"),
        (("a",), "a tuple of 1 was returned"),
        (("a", "404"), "the status must be a number from 200 to 599, not '404'"),
        (("a", True), "not True"),
        (("a", 99), "not 99"),
        (("a", 200, "x"), "headers must be a dict, not a str"),
        (("a", 200, {"A": "b\r\nSet-Cookie: c"}), "must be printable text"),
        (("a", 200, {"A": None}), "must be printable text, not None"),
        (({"a": object()}, 200), r"the body\['a'\] is a object"),
    ],
    # Not `str` of all: an object's address would be another one in each worker.
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_other_forms_are_refused(result: Any, said: str) -> None:
    with pytest.raises(Refused, match=said) as caught:
        shaped(result)
    assert caught.value.code == codes.BAD_RESULT
