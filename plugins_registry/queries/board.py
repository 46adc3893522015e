"""The callers' question: who answers what, in which order?"""

from __future__ import annotations

from dataclasses import dataclass

from plugins_registry.models import Generation, Plugin, Release
from plugins_registry.offers import Description
from plugins_registry.states import Mode, Wanted


@dataclass(frozen=True, kw_only=True)
class BoardEndpoint:
    """One REST path of a plugin."""

    path: str
    methods: tuple[str, ...]
    #: The user permissions that its callers need, all of them.
    permissions: tuple[str, ...]
    summary: str


@dataclass(frozen=True, kw_only=True)
class BoardSocket:
    """One WebSocket path of a plugin."""

    path: str
    permissions: tuple[str, ...]
    summary: str


@dataclass(frozen=True, kw_only=True)
class BoardPlugin:
    """One plugin that is wanted and has been described; whether it runs is in `state`."""

    name: str
    version: str
    #: A value of `states.State`.
    state: str
    reason: str
    #: `open` or `closed`.
    fail_policy: str
    priority: int
    #: `enforce`, or `shadow`: the verdicts of its filters are only recorded.
    mode: str = Mode.ENFORCE.value
    #: How long a filter may take.
    deadline_ms: int
    #: `(hook, what None means)`.
    hooks: tuple[tuple[str, str], ...]
    endpoints: tuple[BoardEndpoint, ...]
    sockets: tuple[BoardSocket, ...]


@dataclass(frozen=True, kw_only=True)
class Board:
    """All of them in the order in which filters are asked: priority, then name."""

    generation: int
    plugins: tuple[BoardPlugin, ...]


def generation() -> int:
    """Counts up with every change that callers or the supervisor must notice. One cheap query."""
    return Generation.objects.current()


def board() -> Board:
    """What callers need, compiled. Two queries."""
    # The number first: a change in between makes the board look old, never new.
    number = generation()
    plugins = (
        Plugin.objects.filter(wanted=Wanted.ENABLED, release__description__isnull=False)
        .select_related("release")
        .order_by("priority", "name")
    )
    rows = tuple(_row(plugin, plugin.release) for plugin in plugins if plugin.release)
    return Board(generation=number, plugins=rows)


def _row(plugin: Plugin, release: Release) -> BoardPlugin:
    offered = Description.from_json(release.description or {})
    return BoardPlugin(
        name=plugin.name,
        version=release.version,
        state=plugin.state,
        reason=plugin.reason,
        fail_policy=plugin.fail_policy,
        priority=plugin.priority,
        mode=plugin.mode,
        deadline_ms=plugin.deadline_ms,
        hooks=tuple((hook.name, hook.on_none) for hook in offered.hooks),
        endpoints=tuple(
            BoardEndpoint(
                path=offer.path,
                methods=offer.methods,
                permissions=offer.permissions,
                summary=offer.summary,
            )
            for offer in offered.endpoints
        ),
        sockets=tuple(
            BoardSocket(path=offer.path, permissions=offer.permissions, summary=offer.summary)
            for offer in offered.sockets
        ),
    )
