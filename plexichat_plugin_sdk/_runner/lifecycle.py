"""The lifecycle: load, configuration changes and unload, in order, on one thread.

The author's code runs here, so it may hang; the control line is read by another thread, which
keeps answering and can tell the supervisor where this one hangs.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import Any

from plexichat_plugin_sdk._handlers.async_handlers import AsyncHandlers
from plexichat_plugin_sdk._handlers.failures import summary
from plexichat_plugin_sdk._marks import Gathered, gather
from plexichat_plugin_sdk._wire.control import (
    EndpointMark,
    HookMark,
    JobMark,
    Load,
    Loaded,
    RunningCall,
    SocketMark,
)
from plexichat_plugin_sdk.context import PluginContext

from .loading import build


class Lifecycle:
    """The plugin's instance and the thread that leads it through its life."""

    def __init__(self, loop: AsyncHandlers) -> None:
        self._loop = loop
        self._jobs: queue.SimpleQueue[tuple[str, Callable[[], None]]] = queue.SimpleQueue()
        # Any, because the three methods may be `async def` in the author's class.
        self._plugin: Any = None
        self._context = PluginContext()
        self._doing: tuple[str, float] | None = None
        threading.Thread(target=self._serve, name="lifecycle", daemon=True).start()

    def do(self, name: str, job: Callable[[], None]) -> None:
        """Queue a step of the plugin's life; `name` is what a supervisor is told about it."""
        self._jobs.put((name, job))

    def running(self) -> list[RunningCall]:
        """Return the step that has not returned yet, as if it were a call."""
        if self._doing is None:
            return []
        name, since = self._doing
        return [RunningCall("lifecycle", name, int((time.monotonic() - since) * 1000), 0)]

    def rest(self) -> None:
        """Note that the author's part of the current step is over."""
        self._doing = None

    def load(self, load: Load) -> tuple[Gathered, Loaded]:
        """Build the plugin and run `on_load`; raises whatever the author's code raises."""
        self._context = PluginContext(
            name=load.plugin,
            version=load.release,
            description=load.description,
            metadata=load.metadata,
            config=load.config,
        )
        plugin: Any = build(load)
        vars(plugin)["context"] = self._context
        offered = gather(plugin)
        self._loop.settled(plugin.on_load(self._context))
        self._plugin = plugin
        return offered, described(offered)

    def change_config(self, config: dict[str, Any]) -> None:
        """Make `self.config` and the context fresh, then tell the plugin."""
        self.take_config(config)
        if self._plugin is not None:
            self._loop.settled(self._plugin.on_config_changed(config))

    def take_config(self, config: dict[str, Any]) -> None:
        """Make `self.config` and the context fresh, from whatever thread changed it."""
        before, self._context.config = self._context.config, config
        # `self.config = context.config` in on_load is not an own dict of the author.
        if self._plugin is not None and vars(self._plugin).get("config") is before:
            self._plugin.config = config

    def self_test(self) -> None:
        """Run the plugin's own test; raises what it raises, and when it returns False."""
        if self._loop.settled(self._plugin.self_test(), "self_test") is False:
            raise AssertionError("self_test returned False")

    def unload(self) -> str:
        """Run `on_unload`; return what went wrong, or an empty text."""
        try:
            if self._plugin is not None:
                self._loop.settled(self._plugin.on_unload())
        except BaseException as error:  # a wall: the plugin's last words, whatever they are
            return summary(error)
        return ""

    def _serve(self) -> None:
        while True:
            name, job = self._jobs.get()
            self._doing = (name, time.monotonic())
            job()
            self._doing = None


def described(offered: Gathered) -> Loaded:
    """Return what a plugin offers, as the supervisor is told."""
    return Loaded(
        [HookMark(each.name, each.on_none) for each in offered.hooks],
        [
            EndpointMark(each.path, list(each.methods), list(each.permissions), each.summary)
            for each in offered.endpoints
        ],
        [SocketMark(each.path, list(each.permissions), each.summary) for each in offered.sockets],
        [JobMark(each.name, each.every_seconds, each.cron) for each in offered.jobs],
    )
