"""The questions a plugin may ask, each with the function that answers it.

An answer function receives who asks and the question's arguments, checks both,
and returns plain JSON values or raises `Refusal`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from plexichat_plugin_sdk._wire import codes
from plugin_runtime import permissions

from . import (
    broadcasting,
    cache,
    configuration,
    database,
    encryption,
    network,
    reporting,
    speaking,
    standing,
)
from .asking import Asker
from .emitting import emit
from .refusal import Refusal, text

Answerer = Callable[[Asker, Mapping[str, Any]], Any]


def answer(asker: Asker, what: str, arguments: Mapping[str, Any]) -> Any:
    """Return the answer to one question; raise `Refusal`."""
    answerer = QUESTIONS.get(what)
    if answerer is None:
        raise Refusal(codes.NOT_AVAILABLE, f"{what!r} is not available on this server")
    return answerer(asker, arguments)


def _has_permission(asker: Asker, arguments: Mapping[str, Any]) -> bool:
    user_id, permission = text(arguments, "user_id"), text(arguments, "permission")
    return permissions.check(user_id, permission)


def _permissions(asker: Asker, arguments: Mapping[str, Any]) -> list[str]:
    return permissions.of(text(arguments, "user_id"))


def _emit(asker: Asker, arguments: Mapping[str, Any]) -> None:
    emit(asker.plugin, arguments)


QUESTIONS: dict[str, Answerer] = {
    "hooks.emit": _emit,
    "permissions.check": _has_permission,
    "permissions.of_user": _permissions,
    **cache.QUESTIONS,
    **database.QUESTIONS,
    **standing.QUESTIONS,
    **configuration.QUESTIONS,
    **encryption.QUESTIONS,
    **network.QUESTIONS,
    **speaking.QUESTIONS,
    **broadcasting.QUESTIONS,
    **reporting.QUESTIONS,
}
