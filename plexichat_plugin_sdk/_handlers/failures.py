"""Failures: how what goes wrong in a handler is told."""

from __future__ import annotations

from plexichat_plugin_sdk._wire import codes

_MESSAGE_CHARACTERS = 2_000


class Refused(Exception):
    """The runner itself ends a call with a code, without a traceback."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        #: One of the wire's codes.
        self.code = code


def bad_result(message: str) -> Refused:
    """Return the error for a handler's result that a caller cannot use."""
    return Refused(codes.BAD_RESULT, message)


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
