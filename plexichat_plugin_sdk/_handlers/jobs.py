"""Scheduled jobs: running one when the host says that its time has come."""

from __future__ import annotations

from plexichat_plugin_sdk._marks import JobHandler
from plexichat_plugin_sdk._wire import codes

from .async_handlers import AsyncHandlers, current_call
from .call import Call
from .failures import Refused


class Jobs:
    """The table of jobs, by name."""

    def __init__(self, handlers: tuple[JobHandler, ...], loop: AsyncHandlers) -> None:
        self._loop = loop
        self._table = {each.name: each.handler for each in handlers}

    def run(self, call: Call) -> None:
        """Run it to its end; what it returns is nobody's business."""
        handler = self._table.get(call.target)
        if handler is None:
            raise Refused(codes.UNKNOWN_TARGET, f"there is no job {call.target!r}")
        name = f"job {call.target}"
        token = current_call.set(name)
        try:
            self._loop.settled(handler(), name)
        finally:
            current_call.reset(token)
