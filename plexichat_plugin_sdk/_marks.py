"""Marks: what the decorators write on a plugin's methods, and how it is gathered.

A decorator only marks; nothing is registered at import. When the plugin has been built, its
class is walked from the base to the most derived: a method keeps its place of first definition,
and per kind of mark the nearest class that speaks wins. So overriding a decorated method
without decorating it again keeps the mark, overriding an endpoint keeps its permissions, and
`on_event = None` takes a mark away.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

from ._annotations import none_blocks
from .exceptions import ValidationError

Function = TypeVar("Function", bound=Callable[..., Any])
#: What a filter's returned `None` means.
OnNone = Literal["allow", "block"]

_ATTRIBUTE = "__plexichat_marks__"


@dataclass(frozen=True)
class HookMark:
    """`@hook`: the name, what was said about `None`, and the function as it was decorated."""

    name: str
    on_none: OnNone | None
    function: Callable[..., Any]


@dataclass(frozen=True)
class EndpointMark:
    """`@endpoint`: one path template and its methods."""

    path: str
    methods: tuple[str, ...]


@dataclass(frozen=True)
class JobMark:
    """`@scheduled`: the job's own name or an empty one, and one of a period and a cron text."""

    name: str
    every_seconds: float
    cron: str


@dataclass(frozen=True)
class Marks:
    """All marks of one method."""

    hooks: tuple[HookMark, ...] = ()
    endpoints: tuple[EndpointMark, ...] = ()
    sockets: tuple[str, ...] = ()
    permissions: tuple[str, ...] = ()
    jobs: tuple[JobMark, ...] = ()


@dataclass(frozen=True, kw_only=True)
class HookHandler:
    """One hook of a living plugin."""

    name: str
    on_none: OnNone
    handler: Callable[..., Any]


@dataclass(frozen=True, kw_only=True)
class EndpointHandler:
    """One REST endpoint of a living plugin."""

    path: str
    methods: tuple[str, ...]
    permissions: tuple[str, ...]
    summary: str
    handler: Callable[..., Any]


@dataclass(frozen=True, kw_only=True)
class SocketHandler:
    """One WebSocket endpoint of a living plugin."""

    path: str
    permissions: tuple[str, ...]
    summary: str
    handler: Callable[..., Any]


@dataclass(frozen=True, kw_only=True)
class JobHandler:
    """One scheduled job of a living plugin."""

    name: str
    #: One of the two says when; the other is 0 or empty.
    every_seconds: float
    cron: str
    handler: Callable[..., Any]


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """What a plugin offers, in order of definition."""

    hooks: tuple[HookHandler, ...]
    endpoints: tuple[EndpointHandler, ...]
    sockets: tuple[SocketHandler, ...]
    jobs: tuple[JobHandler, ...] = ()


def marks_of(function: Any) -> Marks:
    """Return a function's marks, none when it was never decorated."""
    # A staticmethod or classmethod around a decorated function does not show its attributes.
    for bearer in (function, getattr(function, "__func__", None)):
        marks = getattr(bearer, _ATTRIBUTE, None)
        if isinstance(marks, Marks):
            return marks
    return Marks()


def mark(function: Function, **added: tuple[Any, ...]) -> Function:
    """Add marks in front of those the function has and return it.

    The record is replaced, never changed: a wrapper made with `functools.wraps` shares it.
    Decorators apply from the bottom up, so the new one is the upper one and comes first.
    """
    if not callable(function) and not isinstance(function, staticmethod | classmethod):
        raise ValidationError(f"only a method can be decorated, not {function!r}")
    old = marks_of(function)
    merged = {kind: values + getattr(old, kind) for kind, values in added.items()}
    setattr(function, _ATTRIBUTE, replace(old, **merged))
    return function


def gather(plugin: object) -> Gathered:
    """Return what a plugin offers; raise `ValidationError` with all contradictions at once."""
    marked = list(_marked_methods(type(plugin)))
    problems = [*_idle_permissions(marked), *_double_claims(marked)]
    if problems:
        raise ValidationError("\n".join(problems))
    return Gathered(
        hooks=tuple(_hooks(plugin, marked)),
        endpoints=tuple(_endpoints(plugin, marked)),
        sockets=tuple(_sockets(plugin, marked)),
        jobs=tuple(_jobs(plugin, marked)),
    )


def _marked_methods(kind: type) -> Iterator[tuple[str, Marks]]:
    lineage = [base for base in reversed(kind.__mro__) if base is not object]
    names = dict.fromkeys(name for base in lineage for name in vars(base))
    for name in names:
        marks = _effective_marks(name, lineage)
        if marks != Marks():
            yield name, marks


def _effective_marks(name: str, lineage: list[type]) -> Marks:
    """Per kind of mark, the nearest class that speaks; `None` in between silences the older."""
    marks = Marks()
    for base in lineage:
        if name not in vars(base):
            continue
        value = vars(base)[name]
        own = marks_of(value)
        spoken = {kind: marked for kind, marked in vars(own).items() if marked}
        marks = Marks() if value is None else replace(marks, **spoken)
    return marks


def _hooks(plugin: object, marked: list[tuple[str, Marks]]) -> Iterator[HookHandler]:
    for name, marks in marked:
        for hook in marks.hooks:
            on_none = hook.on_none or ("block" if none_blocks(hook.function) else "allow")
            yield HookHandler(name=hook.name, on_none=on_none, handler=getattr(plugin, name))


def _endpoints(plugin: object, marked: list[tuple[str, Marks]]) -> Iterator[EndpointHandler]:
    for name, marks in marked:
        handler = getattr(plugin, name)
        for endpoint in marks.endpoints:
            yield EndpointHandler(
                path=endpoint.path,
                methods=endpoint.methods,
                permissions=marks.permissions,
                summary=_summary(handler),
                handler=handler,
            )


def _sockets(plugin: object, marked: list[tuple[str, Marks]]) -> Iterator[SocketHandler]:
    for name, marks in marked:
        handler = getattr(plugin, name)
        for path in marks.sockets:
            yield SocketHandler(
                path=path,
                permissions=marks.permissions,
                summary=_summary(handler),
                handler=handler,
            )


def _jobs(plugin: object, marked: list[tuple[str, Marks]]) -> Iterator[JobHandler]:
    for name, marks in marked:
        for job in marks.jobs:
            yield JobHandler(
                name=job.name or name,
                every_seconds=job.every_seconds,
                cron=job.cron,
                handler=getattr(plugin, name),
            )


def _summary(handler: Callable[..., Any]) -> str:
    lines = (inspect.getdoc(handler) or "").splitlines()
    return lines[0].strip()[:200] if lines else ""


def _idle_permissions(marked: list[tuple[str, Marks]]) -> Iterator[str]:
    """A permission that nobody would check must not look as if somebody did."""
    for name, marks in marked:
        if marks.permissions and not marks.endpoints and not marks.sockets:
            yield (
                f"{name}: @require_permission({marks.permissions[0]!r}) protects endpoints, and "
                "this method is none; add @endpoint, or call check_permission() inside"
            )


def _double_claims(marked: list[tuple[str, Marks]]) -> Iterator[str]:
    claims: dict[str, str] = {}
    for name, marks in marked:
        routes = [f"{verb} {at.path}" for at in marks.endpoints for verb in at.methods]
        routes += [f"WebSocket {path}" for path in marks.sockets]
        for route in [*routes, *(f"job {job.name or name!r}" for job in marks.jobs)]:
            if route in claims:
                yield f"{route}: handled by {claims[route]} and by {name}; one must go"
            claims[route] = name
