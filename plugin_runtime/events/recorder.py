"""From a fact of the chat to the outbox, in the fact's own transaction.

Where nobody subscribes nothing happens: no payload is built and no query is made, for the board
in memory knows who listens.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from django.db import transaction

from plugin_runtime import speakers
from plugin_runtime.hooks import traces
from plugin_runtime.hooks.order import subscribers
from plugins_registry import services

from . import bell

Payload = dict[str, Any]
#: Asked before, not told after.
FILTERS = frozenset({"message_sent"})


class Outbox:
    """The chat's recorder."""

    def event(self, hook: str, build: Callable[[], Payload]) -> None:
        """Write an event for whoever subscribes; called inside the fact's transaction."""
        speaker = speakers.current()
        plugins = [each.name for each in subscribers(hook) if each.name != speaker.plugin]
        if plugins and hook not in FILTERS:
            write(hook, build(), plugins, origin=speaker.plugin, depth=speaker.depth)

    def message_stored(self, message_id: str) -> None:
        """Write what filters said of this message; called inside its transaction."""
        asked = traces.of(message_id)
        if asked is None:
            return
        asked.write()
        if asked.shadowed:
            speaker = speakers.current()
            write(
                asked.hook,
                asked.question,
                asked.shadowed,
                origin=speaker.plugin,
                depth=speaker.depth,
            )


def write(
    hook: str, payload: Payload, plugins: Sequence[str], *, origin: str = "", depth: int = 0
) -> None:
    """Write one event for these plugins and ring for them once the transaction is through."""
    services.enqueue(hook, payload, plugins=plugins, origin=origin, depth=depth)
    transaction.on_commit(partial(bell.ring, tuple(plugins)), robust=True)


def tell_others(hook: str, payload: Payload, *, origin: str, depth: int = 0) -> None:
    """Write an event that a plugin caused, for every other subscribed plugin.

    A plugin never hears what it caused itself. Durable when this returns.
    """
    plugins = [plugin.name for plugin in subscribers(hook) if plugin.name != origin]
    if plugins:
        with transaction.atomic():
            write(hook, payload, plugins, origin=origin, depth=depth)
