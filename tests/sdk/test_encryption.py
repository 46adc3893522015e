"""`encrypt_data` and `decrypt_data` before anything is asked: what they take."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import plexichat_plugin_sdk as sdk
from plexichat_plugin_sdk import _host
from plexichat_plugin_sdk.security import decrypt_data, encrypt_data
from tests.sdk.test_plugin import FakeHost


@pytest.fixture
def host() -> Iterator[FakeHost]:
    fake = FakeHost()
    fake.answers["crypto.encrypt"] = lambda data: f"token of {data!r}"
    fake.answers["crypto.decrypt"] = lambda token: token
    _host.bind(fake)  # type: ignore[arg-type]  # all that these functions need
    yield fake
    _host.bind(None)


@pytest.mark.parametrize(
    ("data", "token"),
    [
        ("text", "token of 'text'"),
        (b"raw", "token of b'raw'"),
        (bytearray(b"raw"), "token of b'raw'"),
        (memoryview(b"raw"), "token of b'raw'"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_text_and_bytes_are_taken_as_they_are(host: FakeHost, data: Any, token: str) -> None:
    assert encrypt_data(data) == token


@pytest.mark.parametrize("data", [None, 5, {"a": 1}, "\ud800"], ids=ascii)
def test_anything_else_is_refused_here(host: FakeHost, data: Any) -> None:
    with pytest.raises(sdk.ValidationError):
        encrypt_data(data)


def test_a_token_may_come_as_the_bytes_that_a_database_returns(host: FakeHost) -> None:
    assert decrypt_data(b"plx1.x") == "plx1.x"  # type: ignore[arg-type]
    with pytest.raises(sdk.ValidationError, match="a token, which is text, not int"):
        decrypt_data(5)  # type: ignore[arg-type]


def test_without_a_host_it_is_said() -> None:
    with pytest.raises(sdk.PluginError, match="outside a plugin host"):
        encrypt_data("x")
