"""The questions a plugin may ask, each with the function that answers it.

An answer function receives the asking plugin's name and the question's arguments, checks both,
and returns plain JSON values or raises `Refusal`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from plexichat_plugin_sdk._wire import codes
from plugins_registry import queries

Answerer = Callable[[str, Mapping[str, Any]], Any]


class Refusal(Exception):
    """The host says no; code and message reach the author's code as an exception."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def answer(plugin: str, what: str, arguments: Mapping[str, Any]) -> Any:
    """Return the answer to one question; raise `Refusal`."""
    answerer = QUESTIONS.get(what)
    if answerer is None:
        raise Refusal(codes.NOT_AVAILABLE, f"{what!r} is not available on this server")
    return answerer(plugin, arguments)


def _text(arguments: Mapping[str, Any], name: str) -> str:
    value = arguments.get(name)
    if not isinstance(value, str):
        raise Refusal(codes.INVALID, f"{name!r} must be a string, got {type(value).__name__}")
    return value


def _config(plugin: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "stored": queries.stored_config(plugin),
        "effective": queries.effective_config(plugin),
    }


def _has_permission(plugin: str, arguments: Mapping[str, Any]) -> bool:
    user_id, permission = _text(arguments, "user_id"), _text(arguments, "permission")
    return queries.permission_check(user_id, permission)


def _permissions(plugin: str, arguments: Mapping[str, Any]) -> list[str]:
    return queries.permissions_of(_text(arguments, "user_id"))


QUESTIONS: dict[str, Answerer] = {
    "config.get": _config,
    "permissions.check": _has_permission,
    "permissions.of_user": _permissions,
}
