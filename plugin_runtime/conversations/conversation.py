"""One blocking conversation: the fast path of every call."""

from __future__ import annotations

import socket
from typing import Any

from plexichat_plugin_sdk._wire.conversation import Answer, Call, Failure, ToCaller
from plexichat_plugin_sdk._wire.framing import (
    WireClosed,
    WireTimeout,
    WireViolation,
    set_deadline,
)
from plugin_runtime.exceptions import DeadlinePassed, PluginFault, PluginLost
from plugin_runtime.large import AnswerLine


class Stale(Exception):
    """The plugin had closed its end before the call reached it; ask for a new conversation."""


class Conversation:
    """One socket to one plugin, used by one thread at a time."""

    def __init__(self, plugin: str, connection: socket.socket) -> None:
        self.plugin = plugin
        self.is_usable = True
        self._framed = AnswerLine(connection, ToCaller)
        self._deadline_ms = 0
        self._number = 0

    def call(
        self, kind: str, target: str, payload: Any, deadline_ms: int, depth: int, since: float
    ) -> Any:
        """Return the plugin's result; the deadline runs since then (`time.monotonic`).

        Raises `PluginFault`, `DeadlinePassed`, `PluginUnavailable`, or `Stale` when the call
        certainly never arrived. After all but `PluginFault` the conversation is of no use.
        """
        if deadline_ms != self._deadline_ms:
            set_deadline(self._framed.socket, deadline_ms / 1000)
            self._deadline_ms = deadline_ms
        number = self._number = self._number + 1
        self.is_usable = False
        until = since + deadline_ms / 1000
        try:
            try:
                call = Call(number, kind, target, payload, deadline_ms, depth)
                self._framed.send(call, until=until)
            except WireClosed as error:
                raise Stale from error
            answer = self._framed.receive(until=until)
        except WireTimeout as error:
            raise DeadlinePassed(
                self.plugin, f"no answer to {target!r} within {deadline_ms} ms"
            ) from error
        except (WireClosed, WireViolation) as error:
            raise PluginLost(self.plugin, f"gone during {target!r}: {error}") from error
        if type(answer) is Answer and answer.number == number:
            self.is_usable = True
            return answer.result
        raise self._failure_of(answer, target)

    def close(self) -> None:
        """End the conversation; the plugin's thread for it ends too."""
        self.is_usable = False
        self._framed.close()

    def forget(self) -> None:
        """Let go of the socket without ending the conversation: after a fork it is the parent's."""
        self._framed.socket.close()

    def _failure_of(self, answer: ToCaller, target: str) -> PluginFault | PluginLost:
        if isinstance(answer, Failure) and answer.number == self._number:
            self.is_usable = True
            return PluginFault(self.plugin, answer.code, answer.message, answer.details)
        return PluginLost(self.plugin, f"answered {target!r} with a frame out of turn")
