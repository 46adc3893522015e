"""A living plugin of a test: its handlers, called as the server calls them."""

from __future__ import annotations

import json
import secrets
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from plexichat_plugin_sdk import _belongings
from plexichat_plugin_sdk._answers.http import HIDDEN_PARAMETERS, visible_headers
from plexichat_plugin_sdk._answers.messages import BadAnswer, merged
from plexichat_plugin_sdk._catalogue import CORE_HOOKS, HOOK_ALIASES
from plexichat_plugin_sdk._handlers.async_handlers import AsyncHandlers
from plexichat_plugin_sdk._handlers.call import PlainCall
from plexichat_plugin_sdk._handlers.endpoints import Endpoints
from plexichat_plugin_sdk._handlers.events import Events
from plexichat_plugin_sdk._handlers.filters import Filters
from plexichat_plugin_sdk._handlers.jobs import Jobs
from plexichat_plugin_sdk._marks import gather
from plexichat_plugin_sdk.plugin import Plugin
from plexichat_plugin_sdk.websockets import Handshake

from . import responses
from ._host import MockHost
from ._routes import SOCKET, RouteTable
from .responses import Response
from .results import HookResult
from .sockets import SocketClient

#: One for all tests of the process: a loop needs a thread, and nobody would end them.
loop = AsyncHandlers()
Result = TypeVar("Result")


class Living:
    """What a plugin offers, and the ways to call it."""

    def __init__(self, plugin: Plugin, host: MockHost) -> None:
        #: The plugin; Any, because its methods may be `async def` in the author's class.
        self.plugin: Any = plugin
        #: What its decorators say, in order.
        self.offered = gather(plugin)
        self._host = host
        self._filters = Filters(self.offered.hooks, loop)
        self._events = Events(self.offered.hooks, loop)
        self._endpoints = Endpoints(self.offered.endpoints, loop)
        self._jobs = Jobs(self.offered.jobs, loop)
        self._routes = RouteTable(self.offered)
        self._handlers = {each.path: each.handler for each in self.offered.sockets}
        self._sockets: list[SocketClient] = []

    def hook(self, name: str, data: Mapping[str, Any], **about: Any) -> HookResult:
        """Call the handlers of a hook; raise `LookupError` where there are none."""
        canonical = HOOK_ALIASES.get(name, name)
        known = list(dict.fromkeys(each.name for each in self.offered.hooks))
        if canonical not in known:
            raise LookupError(
                f"the plugin handles no hook {name!r}; it handles: {', '.join(known) or 'none'}"
            )
        plain = json.loads(json.dumps(dict(data)))
        core = CORE_HOOKS.get(canonical)
        if core is not None and core.kind == "filter":
            return self._filtered(canonical, plain, about.get("depth", 0))
        return self._told(canonical, plain, **about)

    def _filtered(self, name: str, message: dict[str, Any], depth: int) -> HookResult:
        call = PlainCall(target=name, payload=json.loads(json.dumps(message)), depth=depth)
        try:
            verdict = _in_call(lambda: self._filters.run(call))
            return _result_of(verdict, message)
        except BaseException as error:  # a wall: the server goes on without this filter
            return HookResult(verdict="failed", message=message, error=error)

    def _told(self, name: str, data: dict[str, Any], **about: Any) -> HookResult:
        facts = [
            name,
            data,
            about.get("event_id") or secrets.token_hex(8),
            self._host.clock.text,
            about.get("attempt", 1),
            about.get("receiver_id", ""),
            about.get("depth", 0),
        ]
        error = _in_call(lambda: self._events.told(facts))
        return HookResult(verdict="failed" if error else "told", message=data, error=error)

    def request(self, method: str, url: str, user: str | None, **parts: Any) -> Response:
        """Answer a request as the server does: path, method, login, permission, then the plugin."""
        split = urllib.parse.urlsplit(url)
        path = urllib.parse.unquote(split.path)
        route = self._routes.route(path, method)
        if route is None:
            return self._unrouted(path, method)
        refused = self._refusal(route.permissions, user)
        if refused is not None:
            return refused
        if not _fits(parts.get("body")):
            detail = "The body cannot be used. A number in the JSON does not fit into 64 bits."
            return responses.refusal(400, "invalid", detail)
        payload = {
            "user_id": user,
            "method": method,
            "path": path,
            "path_params": route.path_params,
            "params": _params(split.query),
            "headers": visible_headers((parts.get("headers") or {}).items()),
            "body": parts.get("body"),
            "files": parts.get("files") or {},
        }
        call = PlainCall(target=f"{route.method} {route.template}", payload=payload)
        try:
            answered = _in_call(lambda: self._endpoints.run(call))
            return responses.response_of(answered, head=method == "HEAD")
        except BaseException as error:  # a wall: the server answers 500 and goes on
            return responses.failure(error)

    def _unrouted(self, path: str, method: str) -> Response:
        allowed = self._routes.methods(path)
        names = ", ".join(allowed)
        if not allowed:
            return responses.refusal(404, "not_found", "There is no such endpoint.")
        if method == "OPTIONS":
            return Response(204, {"allow": names}, b"", None)
        detail = f"{method} is not allowed here; expected one of {names}."
        return responses.refusal(405, "method_not_allowed", detail, headers={"allow": names})

    def _refusal(self, needed: tuple[str, ...], user: str | None) -> Response | None:
        if user is None:
            return responses.refusal(401, "not_authenticated", "Log in to use this endpoint.")
        missing = self._lacking(needed, user)
        if missing:
            detail = f"You lack the permission {', '.join(missing)}."
            return responses.refusal(403, "permission_denied", detail)
        return None

    def _lacking(self, needed: tuple[str, ...], user: str) -> list[str]:
        held = self._host.permissions.get(user, set())
        return [permission for permission in needed if permission not in held]

    def connect(self, url: str, user: str | None, headers: Mapping[str, str]) -> SocketClient:
        """Open a WebSocket; one that is refused is closed at once, with the server's code."""
        split = urllib.parse.urlsplit(url)
        path = urllib.parse.unquote(split.path)
        route = self._routes.route(path, SOCKET)
        handshake = Handshake(
            user_id=user or "",
            path=path,
            path_params=route.path_params if route else {},
            params=_params(split.query),
            headers=visible_headers(headers.items()),
        )
        client = SocketClient(handshake, route.template if route else path)
        if route is None:
            client.refuse(4404, "there is no such socket")
        elif user is None:
            client.refuse(4401, "log in to use this socket")
        elif missing := self._lacking(route.permissions, user):
            client.refuse(4403, f"you lack the permission {', '.join(missing)}")
        else:
            self._sockets = [each for each in self._sockets if each.closed is None]
            self._sockets.append(client)
            client.serve(self._handlers[route.template], loop)
        return client

    def deliver(self, message: Mapping[str, Any]) -> None:
        """Send a broadcast to the open sockets of its path."""
        receivers = message["user_ids"]
        for socket in self._sockets:
            is_meant = receivers is None or socket.user_id in receivers
            if socket.template == message["path"] and is_meant:
                socket.deliver(message["data"])

    def leave_sockets(self) -> None:
        """Close all sockets as a server does when the plugin's process ends."""
        for socket in self._sockets:
            socket.close(1012, "the plugin restarts; connect again")

    def run_job(self, name: str) -> None:
        """Run a job; raise what it raises, and `LookupError` where there is none."""
        names = [each.name for each in self.offered.jobs]
        if name not in names:
            raise LookupError(f"there is no job {name!r}; there are: {', '.join(names) or 'none'}")
        _in_call(lambda: self._jobs.run(PlainCall(target=name)))


def _in_call(work: Callable[[], Result]) -> Result:
    """Do something as a call: what it borrows is given back when it ends."""
    outer = _belongings.current()
    borrowed = _belongings.begin()
    try:
        return work()
    finally:
        _belongings.end(borrowed)
        _belongings.inherit(outer)


def _result_of(verdict: list[Any], message: dict[str, Any]) -> HookResult:
    if verdict[0] == "block":
        return HookResult(verdict="block", message=message, reason=verdict[1][:1_000])
    if verdict[0] == "allow":
        return HookResult(verdict="allow", message=message)
    problems: list[str] = []
    clean = json.loads(json.dumps(verdict[1]))
    changed = merged(message, clean, lambda _, problem: problems.append(problem))
    _check(changed)
    return HookResult(verdict="replace", message=changed, problems=tuple(problems))


def _check(message: dict[str, Any]) -> None:
    content = message["content"]
    if not isinstance(content, str) or not content.strip():
        raise BadAnswer(
            "returned a message that cannot be stored: 'content': must be a text and not empty"
        )


def _fits(value: Any) -> bool:
    """Whether all whole numbers have 64 bits, as on the wire."""
    if isinstance(value, dict):
        return all(map(_fits, value.values()))
    if isinstance(value, list):
        return all(map(_fits, value))
    return not isinstance(value, int) or -(2**63) <= value < 2**64


def _params(query: str) -> dict[str, Any]:
    lists = urllib.parse.parse_qs(query, keep_blank_values=True)
    return {
        name: values[0] if len(values) == 1 else values
        for name, values in lists.items()
        if name.lower() not in HIDDEN_PARAMETERS
    }
