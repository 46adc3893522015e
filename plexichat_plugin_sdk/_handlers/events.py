"""Events: telling the plugin's handlers a batch of facts, in order.

One call carries many events, and each has its own outcome: `["ok", "", ""]`,
`["error", message, traceback]`, or `["skipped", "", ""]` for those that were not begun because
the time of the batch was running out; the host tells them again.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from typing import Any

from plexichat_plugin_sdk._marks import HookHandler
from plexichat_plugin_sdk.events import Event, handling

from .async_handlers import AsyncHandlers, current_call
from .call import Call
from .failures import summary
from .stacks import EXCEPTION_CHARACTERS, exception_text

#: After this part of the deadline nothing new is begun, so that the answer is there in time.
_BEGINNING_SHARE = 0.8
# What all errors of a batch may say together. A character takes four bytes at most, so the answer
# stays well below the largest frame, and no outcome is lost because others were talkative.
_MESSAGES_CHARACTERS = 400_000
_TRACEBACKS_CHARACTERS = 1_000_000

_OK = ["ok", "", ""]
_SKIPPED = ["skipped", "", ""]

_Handler = Callable[[Any], Any]


class Events:
    """The table of hooks and the way through a batch."""

    def __init__(self, handlers: tuple[HookHandler, ...], loop: AsyncHandlers) -> None:
        self._loop = loop
        self._table: dict[str, list[_Handler]] = {}
        for each in handlers:
            self._table.setdefault(each.name, []).append(each.handler)

    def run(self, call: Call) -> list[list[str]]:
        """Return one outcome for each event of the batch; the first is always begun."""
        batch = call.payload
        outcomes: list[list[str]] = []
        until = _last_beginning(call.deadline_ms)
        for facts in batch:
            if outcomes and time.monotonic() >= until:
                break
            error = self.told(facts)
            outcomes.append(_OK if error is None else _described(error, len(batch)))
        return outcomes + [_SKIPPED] * (len(batch) - len(outcomes))

    def told(self, facts: list[Any]) -> BaseException | None:
        """Run all handlers of one event; return the first error."""
        hook, data, event_id, occurred_at, attempt, receiver_id, depth = facts
        event = Event(
            event_id=event_id,
            hook=hook,
            occurred_at=occurred_at,
            attempt=attempt,
            receiver_id=receiver_id,
        )
        handlers = self._table.get(hook, [])
        # With several handlers, what one of them changes must not reach the next.
        copied = copy.deepcopy if len(handlers) > 1 else _itself
        with handling(event, depth):
            errors = [self._raised_by(each, hook, copied(data)) for each in handlers]
        return next((error for error in errors if error is not None), None)

    def _raised_by(self, handler: _Handler, hook: str, data: Any) -> BaseException | None:
        name = f"event {hook}"
        token = current_call.set(name)
        try:
            self._loop.settled(handler(data), name)
        except BaseException as error:  # a wall: one bad handler ends neither the others nor this
            return error
        finally:
            current_call.reset(token)
        return None


def _itself(data: Any) -> Any:
    return data


def _last_beginning(deadline_ms: int) -> float:
    """Until when events may begin; for ever when the caller waits as long as it takes."""
    if deadline_ms <= 0:
        return math.inf
    return time.monotonic() + deadline_ms / 1000 * _BEGINNING_SHARE


def _described(error: BaseException, batch_size: int) -> list[str]:
    """Tell an error within its share; of a stack the last lines say most."""
    share = min(EXCEPTION_CHARACTERS, _TRACEBACKS_CHARACTERS // batch_size)
    message = summary(error)[: _MESSAGES_CHARACTERS // batch_size]
    return ["error", message, exception_text(error)[-share:] if share else ""]
