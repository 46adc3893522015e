"""The process: reads the control line and keeps everything else in its place."""

from __future__ import annotations

import functools
import os
import socket
import time
from typing import Any, NoReturn

from plexichat_plugin_sdk import _host
from plexichat_plugin_sdk._background import workers
from plexichat_plugin_sdk._handlers import stacks
from plexichat_plugin_sdk._handlers.async_handlers import AsyncHandlers, current_call
from plexichat_plugin_sdk._handlers.failures import summary
from plexichat_plugin_sdk._marks import Gathered
from plexichat_plugin_sdk._wire import WIRE_VERSION
from plexichat_plugin_sdk._wire.control import (
    ConfigChanged,
    Line,
    LineWanted,
    Load,
    LoadFailed,
    Ping,
    Pong,
    ToSandbox,
    Unload,
    Unloaded,
)
from plexichat_plugin_sdk._wire.framing import WireClosed
from plexichat_plugin_sdk.config import update_listeners
from plexichat_plugin_sdk.logging import get_logger

from . import loading, network, output
from .background import failed
from .calls import Conversations, Dispatch
from .control_line import ControlLine
from .gateway_lines import BorrowedLine, GatewayLines
from .lifecycle import Lifecycle
from .records import Records

#: Of the grace, what calls may take, and of the rest, what background tasks may: on_unload, and
#: the last words, need some too.
_CALLS_SHARE = 0.8
_FLUSH_SECONDS = 1.0  # how long a process that ends waits for its last log records
_EXIT_FINE, _EXIT_NOT_LOADED, _EXIT_BROKEN = 0, 1, 70


class Binding:
    """The SDK's host inside a sandbox: questions go to the gateway, facts into the queue."""

    def __init__(self, lines: GatewayLines, records: Records, calls: Conversations) -> None:
        self.identity = _host.Identity(plugin="plugin")
        self.config: dict[str, Any] = {}
        self._lines = lines
        self._records = records
        self._calls = calls

    def ask(self, what: str, arguments: dict[str, Any]) -> Any:
        """Ask the gateway and wait for its answer."""
        return self._lines.ask(what, arguments)

    def borrow(self) -> BorrowedLine:
        """Take a line to the gateway for one thing alone."""
        return self._lines.borrow()

    def ask_for_descriptor(self, what: str, arguments: dict[str, Any]) -> tuple[Any, int]:
        """Ask for something that comes as a file descriptor."""
        return self._lines.ask_for_descriptor(what, arguments)

    def tell(self, what: str, arguments: dict[str, Any]) -> None:
        """Queue a fact, with the call it belongs to."""
        if "call" in arguments:
            arguments["call"], arguments["call_id"] = self._calls.current()
        self._records.put(what, arguments)


class Process:
    """One sandbox's side of the control line."""

    def __init__(self, control: socket.socket) -> None:
        self._control = ControlLine(control)
        self._lines = GatewayLines(self._want_line)
        self._records = Records(self._lines)
        self._calls = Conversations()
        self._binding = Binding(self._lines, self._records, self._calls)
        self._loop = AsyncHandlers()
        self._lifecycle = Lifecycle(self._loop)
        self._dispatch: Dispatch | None = None
        _host.bind(self._binding)
        update_listeners.append(self._take_config)
        workers.bind(begin=current_call.set, settle=self._loop.run, report=failed)

    def run(self) -> NoReturn:
        """Follow the supervisor until it ends the plugin, or is gone."""
        try:
            while True:
                self._follow(*self._control.next())
        except WireClosed:
            os._exit(_EXIT_FINE)  # without a supervisor nobody may run on

    def _follow(self, frame: ToSandbox, connection: socket.socket | None) -> None:
        if isinstance(frame, Line):
            self._take_line(frame, connection)
        elif isinstance(frame, Ping):
            self._answer_ping(frame)
        elif isinstance(frame, Load):
            self._lifecycle.do("on_load", functools.partial(self._load, frame))
        elif isinstance(frame, ConfigChanged):
            self._binding.config = frame.config
            self._lifecycle.do(
                "on_config_changed", functools.partial(self._change_config, frame.config)
            )
        elif isinstance(frame, Unload):
            self._lifecycle.do("on_unload", functools.partial(self._unload, frame))

    def _take_line(self, frame: Line, connection: socket.socket | None) -> None:
        if connection is None:
            return
        if frame.kind == "gateway":
            self._lines.add(connection)
        elif frame.kind == "conversation" and self._dispatch is not None:
            self._calls.open(connection, self._dispatch)
        else:
            connection.close()

    def _answer_ping(self, ping: Ping) -> None:
        calls = [*self._lifecycle.running(), *self._calls.running()]
        text = stacks.all_threads() if ping.with_stacks else ""
        self._control.send(Pong(ping.number, calls, text))

    def _load(self, load: Load) -> None:
        try:
            offered, description = self._loaded_plugin(load)
        except BaseException as error:  # a wall: import, construction and on_load are the author's
            failed = LoadFailed(summary(error), stacks.exception_text(error))
            self._leave(failed, _EXIT_NOT_LOADED)
        self._dispatch = Dispatch(offered, self._loop, self._lifecycle.self_test)
        self._lifecycle.rest()  # or a ping right after `Loaded` would still be told of on_load
        self._control.send(description)

    def _loaded_plugin(self, load: Load) -> tuple[Gathered, Any]:
        if load.wire_version != WIRE_VERSION:
            raise loading.NotLoadable(
                f"the host speaks wire version {load.wire_version}, this SDK {WIRE_VERSION}; "
                "restart the server"
            )
        self._binding.identity = _host.Identity(
            plugin=load.plugin,
            version=load.release,
            description=load.description,
            metadata=load.metadata,
        )
        self._binding.config = load.config
        stacks.set_places(load.root, load.site_packages)
        loading.open_paths(load)
        output.redirect()
        network.install()
        return self._lifecycle.load(load)

    def _take_config(self, config: dict[str, Any]) -> None:
        self._binding.config = config
        self._lifecycle.take_config(config)

    def _change_config(self, config: dict[str, Any]) -> None:
        try:
            self._lifecycle.change_config(config)
        except BaseException:  # a wall: on_config_changed is the author's
            get_logger().exception("on_config_changed raised; the new configuration holds anyway")

    def _unload(self, frame: Unload) -> None:
        until = time.monotonic() + frame.grace_ms / 1000
        if self._dispatch is not None:
            self._dispatch.leave_sockets()
        finished = self._calls.finish(frame.grace_ms / 1000 * _CALLS_SHARE)
        is_quiet = workers.finish(max(0.0, (until - time.monotonic()) * _CALLS_SHARE))
        problem = self._lifecycle.unload()
        if not finished:
            problem = problem or "calls were still running when the grace period ended"
        if not is_quiet:
            problem = problem or "background tasks were still running when the grace period ended"
        self._leave(Unloaded(problem), _EXIT_FINE)

    def _leave(self, last_word: LoadFailed | Unloaded, status: int) -> NoReturn:
        """Say the last word and end the process; no interpreter clean-up that could hang."""
        try:
            output.flush()
            self._records.flush(_FLUSH_SECONDS)
            self._control.send(last_word)
        finally:
            os._exit(status)

    def _want_line(self) -> None:
        self._control.send(LineWanted())


def main(control: socket.socket) -> NoReturn:
    """Become the plugin that the supervisor names on this line; never returns.

    Exits 0 after an orderly unload or when the supervisor has gone, 1 when the plugin could not
    be loaded, 70 when the runner itself is broken.
    """
    try:
        Process(control).run()
    finally:
        os._exit(_EXIT_BROKEN)  # only reached when something above raised what it should not
