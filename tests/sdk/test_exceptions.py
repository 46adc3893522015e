"""The catalogue of errors, and everything that is not available yet."""

from __future__ import annotations

import builtins
import subprocess
import sys

import pytest

import plexichat_plugin_sdk as sdk
from plexichat_plugin_sdk import exceptions
from plexichat_plugin_sdk._wire import codes
from tests.sdk.child import REPOSITORY


def test_a_refusal_is_also_the_built_in_one() -> None:
    refusal = exceptions.PermissionError("no", details={"grant": "x"})
    assert isinstance(refusal, builtins.PermissionError)
    assert isinstance(refusal, sdk.PluginError)
    assert (str(refusal), refusal.details, refusal.errno) == ("no", {"grant": "x"}, None)


def test_a_validation_error_is_also_a_value_error() -> None:
    assert issubclass(sdk.ValidationError, ValueError)


def test_an_error_without_text_says_its_situation() -> None:
    assert str(sdk.HostError()).startswith("The host failed to answer")
    assert str(sdk.MessageBlocked()).startswith("Raise it in a `message_sent` handler")


def test_a_block_and_a_close_carry_their_facts() -> None:
    assert sdk.MessageBlocked("rude").reason == "rude"
    closed = sdk.WebSocketClosed(4001, "bye")
    assert (closed.close_code, closed.reason) == (4001, "bye")
    assert str(closed) == "the WebSocket is closed (code 4001): bye"


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (codes.INVALID, exceptions.ValidationError),
        (codes.PERMISSION_DENIED, exceptions.PermissionError),
        (codes.NOT_AVAILABLE, exceptions.NotAvailable),
        (codes.HOST_FAILED, exceptions.HostError),
        (codes.LIMIT_REACHED, exceptions.LimitReached),
        ("never heard of", exceptions.HostError),
    ],
)
def test_each_code_of_the_wire_has_its_exception(code: str, kind: type) -> None:
    error = exceptions.by_code(code, "because", {"a": 1})
    assert (type(error), str(error), error.details) == (kind, "because", {"a": 1})


def test_all_public_names_exist_and_python_s_permission_error_is_not_hidden() -> None:
    assert all(hasattr(sdk, name) for name in sdk.__all__)
    assert "PermissionError" not in sdk.__all__


def test_the_public_modules_need_nothing_but_python() -> None:
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); from plexichat_plugin_sdk import *; "
        "from plexichat_plugin_sdk import cache, config, database, logging, security, testing; "
        "assert not any('msgspec' in name or '_runner' in name for name in sys.modules)"
    )
    # -S: not even the folder of installed packages is on the path.
    command = [sys.executable, "-I", "-S", "-W", "error", "-c", program, str(REPOSITORY)]
    assert subprocess.run(command, check=False, capture_output=True).stderr == b""
