"""Frames of the control line: the supervisor and one sandbox.

The sandbox speaks first (`Confined`, before any plugin code exists in it), the supervisor
answers with `Load`. From then on the supervisor hands in conversations and gateway lines as file
descriptors beside a `Line` frame; nothing ever travels the other way as a descriptor.
"""

from __future__ import annotations

from typing import Any

import msgspec


class Load(msgspec.Struct, array_like=True, tag="load", frozen=True):
    """Become this plugin."""

    wire_version: int
    plugin: str
    release: str
    description: str
    #: Folder that holds `plugin.py`, or a package named like the plugin.
    root: str
    #: Folders to put on `sys.path` after `root`.
    site_packages: list[str]
    #: `"module:Class"`; empty means "find the one most derived Plugin class".
    entry_point: str
    #: The manifest's settings with the stored configuration merged over them, and the stored
    #: configuration alone (what `get_config(name, defaults)` merges over its defaults).
    config: dict[str, Any]
    stored_config: dict[str, Any]
    #: The manifest's `metadata` mapping.
    metadata: dict[str, Any]


class Line(msgspec.Struct, array_like=True, tag="line", frozen=True):
    """One descriptor comes with this frame: a new conversation, or a line to the gateway."""

    #: `conversation` or `gateway`.
    kind: str
    number: int


class Ping(msgspec.Struct, array_like=True, tag="ping", frozen=True):
    """Are you alive, and what are you doing?"""

    number: int
    #: Whether the answer shall carry the stacks of all threads.
    with_stacks: bool


class ConfigChanged(msgspec.Struct, array_like=True, tag="config", frozen=True):
    """The configuration has changed; the same two mappings as in `Load`."""

    config: dict[str, Any]
    stored_config: dict[str, Any]


class Unload(msgspec.Struct, array_like=True, tag="unload", frozen=True):
    """Finish running calls, run `on_unload`, answer `Unloaded`, exit."""

    grace_ms: int


class Confined(msgspec.Struct, array_like=True, tag="confined", frozen=True):
    """The layers of confinement that hold, said before any plugin code runs."""

    wire_version: int
    layers: list[str]


class NotConfined(msgspec.Struct, array_like=True, tag="not-confined", frozen=True):
    """A layer that the probe had promised could not be applied; the process exits."""

    layer: str
    message: str


class HookMark(msgspec.Struct, array_like=True, frozen=True):
    """One hook the plugin handles."""

    name: str
    #: What a returned `None` of a filter means: `allow` or `block`.
    on_none: str


class EndpointMark(msgspec.Struct, array_like=True, frozen=True):
    """One REST endpoint: a path template and its methods, each with the needed permissions."""

    path: str
    methods: list[str]
    permissions: list[str]
    summary: str


class SocketMark(msgspec.Struct, array_like=True, frozen=True):
    """One WebSocket endpoint."""

    path: str
    permissions: list[str]
    summary: str


class JobMark(msgspec.Struct, array_like=True, frozen=True):
    """One scheduled job: its name, and a period or a cron text; the other is 0 or empty."""

    name: str
    every_seconds: float
    cron: str


class Loaded(msgspec.Struct, array_like=True, tag="loaded", frozen=True):
    """The plugin is in, `on_load` has returned; this is what it offers."""

    hooks: list[HookMark]
    endpoints: list[EndpointMark]
    sockets: list[SocketMark]
    jobs: list[JobMark] = []


class LoadFailed(msgspec.Struct, array_like=True, tag="load-failed", frozen=True):
    """Import, construction or `on_load` failed; the process exits."""

    message: str
    traceback: str


class RunningCall(msgspec.Struct, array_like=True, frozen=True):
    """One call that has not returned yet."""

    kind: str
    target: str
    running_ms: int
    deadline_ms: int


class Pong(msgspec.Struct, array_like=True, tag="pong", frozen=True):
    """Alive. `stacks` is empty unless it was asked for."""

    number: int
    calls: list[RunningCall]
    stacks: str


class LineWanted(msgspec.Struct, array_like=True, tag="line-wanted", frozen=True):
    """One more line to the gateway, please; the supervisor keeps the limit."""


class Unloaded(msgspec.Struct, array_like=True, tag="unloaded", frozen=True):
    """`on_unload` has run; `problem` is empty unless it raised."""

    problem: str


ToSandbox = Load | Line | Ping | ConfigChanged | Unload
ToSupervisor = Confined | NotConfined | Loaded | LoadFailed | Pong | LineWanted | Unloaded
