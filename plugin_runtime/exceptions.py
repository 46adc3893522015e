"""What may go wrong between the host and a living plugin."""

from __future__ import annotations

from typing import Any

#: How much of a plugin's own words is kept: they go into logs and problems.
MESSAGE_CHARACTERS = 2_000
TRACEBACK_CHARACTERS = 16 * 1024


class RuntimeFault(Exception):
    """Root of the runtime's errors."""


class SwitchboardUnreachable(RuntimeFault):
    """The supervisor does not answer; start `manage.py runplugins` (or `manage.py run`)."""


class CallError(RuntimeFault):
    """A call to a plugin did not bring an answer."""

    def __init__(self, plugin: str, message: str) -> None:
        super().__init__(f"plugin {plugin!r}: {message}")
        self.plugin = plugin


class PluginUnavailable(CallError):
    """The plugin is not running, or it went away during the call."""


class PluginLost(PluginUnavailable):
    """The plugin went away during the call, which it may or may not have finished."""


class DeadlinePassed(CallError):
    """The plugin did not answer in time."""


class PluginFault(CallError):
    """The plugin answered with a failure.

    `code` is one of the wire's codes, `details` may hold the remote `traceback`. Both are for
    logs and admins, never for chat users, and cut to a bearable length: a plugin may send
    megabytes of either, of anything else in `details` nothing is kept.
    """

    def __init__(self, plugin: str, code: str, message: str, details: dict[str, Any]) -> None:
        super().__init__(plugin, message[:MESSAGE_CHARACTERS])
        self.code = code[:100]
        traceback = details.get("traceback")
        if isinstance(traceback, str):  # its end says what was raised
            self.details = {"traceback": traceback[-TRACEBACK_CHARACTERS:]}
        else:
            self.details = {}
