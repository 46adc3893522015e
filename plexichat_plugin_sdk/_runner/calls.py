"""Calls: a thread per conversation, each running one call after the other."""

from __future__ import annotations

import contextlib
import contextvars
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from plexichat_plugin_sdk import _belongings
from plexichat_plugin_sdk._handlers.async_handlers import AsyncHandlers, current_call
from plexichat_plugin_sdk._handlers.endpoints import Endpoints
from plexichat_plugin_sdk._handlers.events import Events
from plexichat_plugin_sdk._handlers.failures import Refused, bad_result
from plexichat_plugin_sdk._handlers.filters import Filters
from plexichat_plugin_sdk._handlers.jobs import Jobs
from plexichat_plugin_sdk._marks import Gathered
from plexichat_plugin_sdk._wire import codes
from plexichat_plugin_sdk._wire.control import RunningCall
from plexichat_plugin_sdk._wire.conversation import Answer, Call, Failure, ToPlugin
from plexichat_plugin_sdk._wire.framing import Framed, WireClosed, WireTimeout, WireViolation
from plexichat_plugin_sdk.events import current_event

from .failures import UNENCODABLE, failure_of
from .sockets import Sockets


class Dispatch:
    """Knows for each kind of call who runs it."""

    def __init__(
        self, offered: Gathered, loop: AsyncHandlers, self_test: Callable[[], None] | None = None
    ) -> None:
        self._self_test = self_test
        self._filters = Filters(offered.hooks, loop)
        self._events = Events(offered.hooks, loop)
        self._endpoints = Endpoints(offered.endpoints, loop)
        self._sockets = Sockets(offered.sockets, loop)
        self._jobs = Jobs(offered.jobs, loop)

    def leave_sockets(self) -> None:
        """Ask the clients of all WebSockets to connect again, to whoever comes next."""
        self._sockets.leave()

    def run(self, call: Call, conversation: Framed[ToPlugin]) -> Any:
        """Return the result that goes into the answer; raise whatever ends in a failure."""
        if call.kind == "filter":
            return self._filters.run(call)
        if call.kind == "endpoint":
            return self._endpoints.run(call)
        if call.kind == "events":
            return self._events.run(call)
        if call.kind == "socket":
            return self._sockets.run(call, conversation)
        if call.kind == "job":
            return self._jobs.run(call)
        if call.kind == "self_test" and self._self_test is not None:
            return self._self_test()
        raise Refused(codes.UNKNOWN_TARGET, f"calls of kind {call.kind!r} are not known here")


class Conversation:
    """One caller's line and the thread that serves it."""

    def __init__(self, connection: socket.socket, dispatch: Dispatch, number: int) -> None:
        connection.setblocking(True)
        self._framed: Framed[ToPlugin] = Framed(connection, ToPlugin)
        self._dispatch = dispatch
        self._number = number
        #: The call that runs now and when it began; one assignment, so readers need no lock.
        self.running: tuple[Call, float] | None = None
        self.thread = threading.Thread(
            target=self._serve, name=f"conversation-{number}", daemon=True
        )

    @property
    def call_id(self) -> str:
        """What the log calls the call that runs now: another for each; empty between calls."""
        running = self.running
        return f"{self._number}.{running[0].number}" if running is not None else ""

    def stop_listening(self) -> None:
        """Take no further call; the one that runs may still answer."""
        with contextlib.suppress(OSError):  # the caller has gone, so nothing will come anyway
            self._framed.socket.shutdown(socket.SHUT_RD)

    def _serve(self) -> None:
        try:
            self._answer_all()
        except (WireClosed, WireTimeout, WireViolation):
            return  # the caller has gone, or speaks nonsense; either way this line is done
        finally:
            self._framed.close()

    def _answer_all(self) -> None:
        conversation, run, clock = self._framed, self._dispatch.run, time.monotonic
        borrowed = _belongings.begin()
        _serving.set(self)
        reply: Answer | Failure
        while True:
            call = conversation.receive()
            if type(call) is not Call:
                continue  # what a client sent after its handler had returned
            self.running = (call, clock())
            try:
                reply = Answer(call.number, run(call, conversation))
            except BaseException as error:  # a wall: whatever a handler raises ends only its call
                reply = failure_of(call.number, error)
            if borrowed:
                _belongings.end(borrowed)
            self.running = None
            try:
                conversation.send(reply)
            except UNENCODABLE as error:
                conversation.send(_unencodable(call, error))


#: The conversation that a thread, or a coroutine it waits for, works for.
_serving: contextvars.ContextVar[Conversation | None] = contextvars.ContextVar(
    "serving", default=None
)


class Conversations:
    """All open conversations of the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: list[Conversation] = []
        self._number = 0

    def open(self, connection: socket.socket, dispatch: Dispatch) -> None:
        """Serve a new line in a thread of its own, or close it when no thread can be had."""
        with self._lock:
            self._number += 1
            conversation = Conversation(connection, dispatch, self._number)
            self._open = [each for each in self._open if each.thread.is_alive()]
            try:
                conversation.thread.start()
            except RuntimeError:  # no more threads: the caller sees its line close, others go on
                connection.close()
            else:
                self._open.append(conversation)

    def running(self) -> list[RunningCall]:
        """Return the calls that have not returned yet, the longest first."""
        now = time.monotonic()
        calls = [each.running for each in self._snapshot()]
        started = sorted((call for call in calls if call is not None), key=lambda call: call[1])
        return [
            RunningCall(call.kind, call.target, int((now - since) * 1000), call.deadline_ms)
            for call, since in started
        ]

    def current(self) -> tuple[str, str]:
        """Return `kind target` and the id of the call the calling thread works for, else nothing.

        An event is known by its own id, which the host knows it by too.
        """
        serving, event = _serving.get(), current_event()
        running = serving.running if serving is not None else None
        call_id = serving.call_id if serving is not None else ""
        name = current_call.get()
        if not name and running is not None:
            name = f"{running[0].kind} {running[0].target}"
        return name, event.event_id if event is not None else call_id

    def finish(self, seconds: float) -> bool:
        """Let running calls end and take no new ones; return whether all did in time."""
        until = time.monotonic() + seconds
        conversations = self._snapshot()
        for each in conversations:
            each.stop_listening()
        for each in conversations:
            each.thread.join(max(0.0, until - time.monotonic()))
        return not any(each.thread.is_alive() for each in conversations)

    def _snapshot(self) -> list[Conversation]:
        with self._lock:
            return list(self._open)


def _unencodable(call: Call, error: BaseException) -> Failure:
    refused = bad_result(f"the result of {call.target!r} cannot be sent: {error}")
    return failure_of(call.number, refused)
