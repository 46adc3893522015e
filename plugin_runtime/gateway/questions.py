"""The questions a plugin may ask, each with the function that answers it.

An answer function receives the asking plugin's name and the question's arguments, checks both,
and returns plain JSON values or raises `Refusal`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from plexichat_plugin_sdk._wire import codes
from plugins_registry import queries

from .emitting import emit
from .refusal import Refusal, text

Answerer = Callable[[str, Mapping[str, Any]], Any]


def answer(plugin: str, what: str, arguments: Mapping[str, Any]) -> Any:
    """Return the answer to one question; raise `Refusal`."""
    answerer = QUESTIONS.get(what)
    if answerer is None:
        raise Refusal(codes.NOT_AVAILABLE, f"{what!r} is not available on this server")
    return answerer(plugin, arguments)


def _config(plugin: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "stored": queries.stored_config(plugin),
        "effective": queries.effective_config(plugin),
    }


def _has_permission(plugin: str, arguments: Mapping[str, Any]) -> bool:
    user_id, permission = text(arguments, "user_id"), text(arguments, "permission")
    return queries.permission_check(user_id, permission)


def _permissions(plugin: str, arguments: Mapping[str, Any]) -> list[str]:
    return queries.permissions_of(text(arguments, "user_id"))


QUESTIONS: dict[str, Answerer] = {
    "config.get": _config,
    "hooks.emit": emit,
    "permissions.check": _has_permission,
    "permissions.of_user": _permissions,
}
