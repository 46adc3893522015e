"""Failures: how what goes wrong inside a plugin is told outside."""

from __future__ import annotations

import msgspec

from plexichat_plugin_sdk._wire import codes
from plexichat_plugin_sdk._wire.conversation import Failure
from plexichat_plugin_sdk._wire.framing import WireViolation

from .stacks import exception_text

_MESSAGE_CHARACTERS = 2_000

#: What the encoder raises for a value that cannot travel; none of them touches the connection.
UNENCODABLE = (
    TypeError,
    OverflowError,
    RecursionError,
    UnicodeError,
    WireViolation,
    msgspec.MsgspecError,
)


class Refused(Exception):
    """The runner itself ends a call with a code, without a traceback."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        #: One of the wire's codes.
        self.code = code


def bad_result(message: str) -> Refused:
    """Return the error for a handler's result that a caller cannot use."""
    return Refused(codes.BAD_RESULT, message)


def failure_of(number: int, error: BaseException) -> Failure:
    """Return the frame that ends a call with an error."""
    if isinstance(error, Refused):
        return Failure(number, error.code, cleaned(str(error)), {})
    details = {"traceback": exception_text(error)}
    return Failure(number, codes.HANDLER_RAISED, summary(error), details)


def summary(error: BaseException) -> str:
    """Return `Class: text` of an exception, bounded, even when its text cannot be had."""
    try:
        text = str(error)
    except Exception:  # a wall: an author's __str__ may raise whatever it likes
        text = "(its text cannot be shown)"
    return cleaned(f"{type(error).__name__}: {text}" if text else type(error).__name__)


def cleaned(text: str) -> str:
    """Return a text that can be encoded and is not too long."""
    return text[:_MESSAGE_CHARACTERS].encode("utf-8", "backslashreplace").decode()
