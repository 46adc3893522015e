"""Who may open a plugin's WebSocket, and who may keep it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar, cast

from channels.db import database_sync_to_async
from django.core.exceptions import SuspiciousOperation

from plexichat.chat import services
from plexichat.chat.live import auth
from plugin_runtime import permissions

from . import lookup
from .endings import CloseCode, Ended
from .headers import visible_headers, visible_params
from .refusals import Refused
from .requests import public_id_of
from .routes import SOCKET, Route
from .throttling import check_rate

Scope = Mapping[str, Any]
Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


async def admit(scope: Scope) -> tuple[Route, auth.Identity]:
    """Return the route of a socket and who opens it, or raise `Ended`.

    The path comes first, so that a one-use ticket is not spent on an address that is not there.
    """
    route = await _in_thread(lookup.find, scope["path"], SOCKET)
    if route is None:
        raise Ended(CloseCode.NOT_FOUND, "there is no such socket")
    identity = await auth.identify(scope)
    if identity is None:
        raise Ended(CloseCode.NOT_LOGGED_IN, "log in to use this socket")
    await _in_thread(_check, route, identity.user)
    return route, identity


async def check_again(route: Route, identity: auth.Identity) -> None:
    """Raise `Ended` when who was admitted would not be admitted any more."""
    await _in_thread(_check_again, route, identity)


def socket_payload(scope: Scope, route: Route, user: Any) -> dict[str, Any]:
    """Return what the plugin is told of a socket; raise `Ended` for an unreadable query."""
    headers = ((name.decode("latin-1"), text.decode("latin-1")) for name, text in scope["headers"])
    try:
        params = visible_params(scope.get("query_string", b""))
    except SuspiciousOperation as error:
        raise Ended(CloseCode.NOT_FOUND, "the query is malformed") from error
    return {
        "user_id": public_id_of(user),
        "path": scope["path"],
        "path_params": route.path_params,
        "params": params,
        "headers": visible_headers(headers),
    }


def _check(route: Route, user: Any) -> None:
    _check_permissions(route, user)
    try:
        check_rate(user, route.target.plugin.name)
    except Refused as error:
        raise Ended(CloseCode.TRY_LATER, error.detail) from error
    if not lookup.is_active(route):
        raise Ended(CloseCode.TRY_LATER, "the plugin is not running")


def _check_again(route: Route, identity: auth.Identity) -> None:
    if not services.is_logged_in(identity.user, token_digest=identity.token_digest):
        raise Ended(CloseCode.NOT_LOGGED_IN, "you have been logged out")
    _check_permissions(route, identity.user)


def _check_permissions(route: Route, user: Any) -> None:
    missing = permissions.missing(public_id_of(user), route.target.permissions)
    if missing:
        raise Ended(CloseCode.NOT_PERMITTED, f"you lack the permission {', '.join(missing)}")


async def _in_thread(
    function: Callable[Parameters, Result], *args: Parameters.args, **kwargs: Parameters.kwargs
) -> Result:
    # Not asgiref's one thread for everything: a slow query must not hold up every handshake.
    crossed = database_sync_to_async(function, thread_sensitive=False)
    return cast(Result, await crossed(*args, **kwargs))
