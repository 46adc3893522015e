"""The host says no, and the first reasons for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plexichat_plugin_sdk._wire import codes


class Refusal(Exception):
    """A question that is not answered; code and message reach the author's code."""

    def __init__(self, code: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.code = code
        #: Facts for the author's code, plain JSON values.
        self.details = details


def text(arguments: Mapping[str, Any], name: str) -> str:
    """Return an argument that must be text; raise `Refusal`."""
    value = arguments.get(name)
    if not isinstance(value, str):
        raise Refusal(codes.INVALID, f"{name!r} must be a string, got {type(value).__name__}")
    return value
