"""Filters: asking the plugin's handlers of a hook, in order of definition.

The hot path of the whole system: a dict lookup, the handlers, a small list.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from plexichat_plugin_sdk._marks import HookHandler
from plexichat_plugin_sdk._plain import as_plain
from plexichat_plugin_sdk._wire import codes
from plexichat_plugin_sdk.events import caused_at
from plexichat_plugin_sdk.exceptions import MessageBlocked, ValidationError
from plexichat_plugin_sdk.verdicts import Allow, Block

from .async_handlers import AsyncHandlers
from .call import Call
from .failures import Refused, bad_result

_ALLOW = ["allow"]

#: A handler and the verdict that its `None` means.
_Entry = tuple[Callable[..., Any], list[Any]]


class Filters:
    """The table of hooks and the rule how several handlers make one verdict."""

    def __init__(self, handlers: tuple[HookHandler, ...], loop: AsyncHandlers) -> None:
        self._loop = loop
        self._table: dict[str, list[_Entry]] = {}
        for each in handlers:
            entry = (each.handler, ["block", ""] if each.on_none == "block" else _ALLOW)
            self._table.setdefault(each.name, []).append(entry)

    def run(self, call: Call) -> list[Any]:
        """Return `["allow"]`, `["replace", message]` or `["block", reason]`."""
        handlers = self._table.get(call.target)
        if handlers is None:
            raise Refused(codes.UNKNOWN_TARGET, f"no handler for the hook {call.target!r}")
        try:
            if call.depth:
                with caused_at(call.depth):
                    return self._chained(handlers, call)
            if len(handlers) == 1:
                handler, of_none = handlers[0]
                result = handler(call.payload)
                return of_none if result is None else self._verdict(result, of_none, call)
            return self._chained(handlers, call)
        except MessageBlocked as blocked:
            if blocked.is_about_own_message:
                raise
            return ["block", str(blocked.reason)]

    def _chained(self, handlers: list[_Entry], call: Call) -> list[Any]:
        """The first block ends; a replaced message is what the next handler sees."""
        verdict, message = _ALLOW, call.payload
        for handler, of_none in handlers:
            # A copy, so that what a handler changes and then does not return leaves no trace.
            result = self._verdict(handler(copy.deepcopy(message)), of_none, call)
            if result[0] == "block":
                return result
            if result[0] == "replace":
                verdict, message = result, result[1]
        return verdict

    def _verdict(self, result: Any, of_none: list[Any], call: Call) -> list[Any]:
        if result is None:
            return of_none
        if isinstance(result, dict):
            return ["replace", _plain_message(result)]
        if isinstance(result, Allow):
            return _ALLOW
        if isinstance(result, Block):
            return ["block", str(result.reason)]
        settled = self._loop.settled(result, f"filter {call.target}")
        if settled is not result:
            return self._verdict(settled, of_none, call)
        raise bad_result(
            f"the handler of {call.target!r} returned a {type(result).__name__}; expected a "
            "message dict, None, Allow() or Block(reason)"
        )


def _plain_message(message: dict[str, Any]) -> Any:
    try:
        return as_plain(message, "the message")
    except ValidationError as error:
        raise bad_result(str(error)) from None
