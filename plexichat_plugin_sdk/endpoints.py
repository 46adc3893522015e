"""Endpoints: the REST and WebSocket addresses a plugin serves."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from ._marks import EndpointMark, Function, mark
from .exceptions import ValidationError

#: Methods an endpoint may declare; HEAD and OPTIONS are answered by the host.
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})

_SEGMENT = re.compile(r"\{[A-Za-z_][A-Za-z0-9_]*\}|[A-Za-z0-9._~@:+-]+")


def endpoint(path: str, methods: Iterable[str] = ("GET",)) -> Callable[[Function], Function]:
    """Let a method answer HTTP requests at a path.

    The path starts with a slash; a segment like `{resource_id}` becomes
    `request.path_params["resource_id"]`. The method is called with a `Request` and returns the
    body, `(body, status)` or `(body, status, headers)`; a body is any JSON value, text, bytes
    or `None`. May be combined with `require_permission` in any order.

    Raises `ValidationError` with everything that is wrong with path and methods.
    """
    if isinstance(methods, str):
        methods = (methods,)
    verbs = tuple(dict.fromkeys(str(verb).upper() for verb in methods))
    problems = [*_path_problems(path), *_method_problems(verbs)]
    if problems:
        raise ValidationError(f"@endpoint({path!r}): " + "; ".join(problems))

    def decorate(function: Function) -> Function:
        return mark(function, endpoints=(EndpointMark(path, verbs),))

    return decorate


def websocket_endpoint(path: str) -> Callable[[Function], Function]:
    """Let a method serve WebSocket connections at a path.

    The method is called once per connection, in a thread of its own, with a `WebSocket`; an
    `async def` method gets an `AsyncWebSocket`. The connection ends when the method returns.

    Raises `ValidationError` with everything that is wrong with the path.
    """
    problems = list(_path_problems(path))
    if problems:
        raise ValidationError(f"@websocket_endpoint({path!r}): " + "; ".join(problems))

    def decorate(function: Function) -> Function:
        return mark(function, sockets=(path,))

    return decorate


def _path_problems(path: str) -> Iterator[str]:
    if not isinstance(path, str) or not path.startswith("/"):
        yield "the path must be text that starts with '/'"
        return
    segments = path[1:].removesuffix("/").split("/")
    for segment in segments:
        if not _SEGMENT.fullmatch(segment) or segment in {".", ".."}:
            yield f"{segment!r} is no path segment; write plain text or '{{name}}'"
    names = [segment for segment in segments if segment.startswith("{")]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"{name} appears twice"


def _method_problems(verbs: tuple[str, ...]) -> Iterator[str]:
    if not verbs:
        yield "at least one method is needed"
    for verb in verbs:
        if verb not in METHODS:
            yield f"{verb!r} is no method; choose from {', '.join(sorted(METHODS))}"
