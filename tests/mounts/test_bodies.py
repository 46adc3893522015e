from __future__ import annotations

from typing import Any, BinaryIO, cast

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpRequest
from django.test import RequestFactory

from plugin_runtime.mounts.bodies import Body, read
from plugin_runtime.mounts.refusals import Refused

LIMIT = 1000


def posted(data: Any, content_type: str, **extra: Any) -> HttpRequest:
    return RequestFactory().post("/api/x", data, content_type=content_type, **extra)


def refused(request: HttpRequest, limit: int = LIMIT) -> tuple[int, str]:
    with pytest.raises(Refused) as caught:
        read(request, limit)
    return caught.value.status, caught.value.detail


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        pytest.param('{"a": [1, 2.5, null, "ü"]}', {"a": [1, 2.5, None, "ü"]}, id="object"),
        pytest.param("[]", [], id="list"),
        pytest.param("18446744073709551615", 2**64 - 1, id="largest number"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_json_becomes_its_value(raw: str, value: Any) -> None:
    assert read(posted(raw, "application/json"), LIMIT) == Body(value=value)


def test_a_json_dialect_is_json() -> None:
    assert read(posted("{}", "application/merge-patch+json; charset=utf-8"), LIMIT).value == {}


@pytest.mark.parametrize(
    ("raw", "word"),
    [
        pytest.param("{", "valid JSON", id="cut"),
        pytest.param("NaN", "valid JSON", id="NaN"),
        pytest.param('"\\ud800"', "valid JSON", id="half a character"),
        pytest.param(b'"\xff"', "valid JSON", id="not UTF-8"),
        pytest.param("18446744073709551616", "64 bits", id="number too large"),
        pytest.param("1e999", "64 bits", id="float too large"),
        pytest.param("[" * 900, "", id="deep and cut"),
    ],
)
def test_what_is_no_json_is_refused(raw: str | bytes, word: str) -> None:
    status, detail = refused(posted(raw, "application/json"))
    assert status == 400
    assert word in detail


def test_deep_json_is_refused_not_fatal() -> None:
    deep = "[" * 100_000 + "]" * 100_000
    status, detail = refused(posted(deep, "application/json"), limit=10**6)
    assert (status, "deeply" in detail) == (400, True)


def test_a_form_becomes_a_dict_and_the_last_value_wins() -> None:
    request = posted("a=1&b=x+y&a=2", "application/x-www-form-urlencoded")
    assert read(request, LIMIT) == Body(value={"a": "2", "b": "x y"})


def test_a_multipart_form_brings_fields_and_files() -> None:
    files = {
        "title": "Logo",
        "one": SimpleUploadedFile("a.png", b"\x89PNG", "image/png"),
        "two": SimpleUploadedFile("../../b.txt", b"text", "text/plain"),
    }
    body = read(RequestFactory().post("/api/x", files), LIMIT)
    assert body.value == {"title": "Logo"}
    assert body.files == {
        "one": {"filename": "a.png", "content_type": "image/png", "content": b"\x89PNG"},
        "two": {"filename": "b.txt", "content_type": "text/plain", "content": b"text"},
    }


def test_a_broken_multipart_form_is_refused() -> None:
    assert refused(posted("x", "multipart/form-data"))[0] == 400


def test_more_form_fields_than_django_allows_are_refused(settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 3
    request = posted("a=1&b=1&c=1&d=1", "application/x-www-form-urlencoded")
    assert refused(request)[0] == 400


@pytest.mark.parametrize("content_type", ["application/octet-stream", "text/plain", ""])
def test_anything_else_stays_bytes(content_type: str) -> None:
    assert read(posted(b"\x00\xff", content_type), LIMIT).value == b"\x00\xff"


def test_a_body_at_the_limit_passes_and_one_byte_more_does_not() -> None:
    at_limit, over = (posted(b"x" * size, "text/plain") for size in (LIMIT, LIMIT + 1))
    assert read(at_limit, LIMIT).value == b"x" * LIMIT
    assert refused(over)[0] == 413


def test_a_body_announced_too_large_is_not_read() -> None:
    request = posted(b"x", "text/plain", CONTENT_LENGTH=str(10**30))
    assert refused(request)[0] == 413
    assert not request._read_started  # type: ignore[attr-defined]  # Django's own mark


def test_a_body_of_unknown_length_is_refused() -> None:
    request = posted(b"x", "text/plain", HTTP_TRANSFER_ENCODING="chunked", CONTENT_LENGTH="")
    assert refused(request)[0] == 411


def test_a_client_that_leaves_while_sending_is_no_fault_of_ours() -> None:
    request = posted(b"x", "text/plain")

    class Gone:
        def read(self, size: int) -> bytes:
            raise OSError("reset")

    request._stream = cast(BinaryIO, Gone())
    assert refused(request)[0] == 400
