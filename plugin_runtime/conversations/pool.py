"""The process-wide pool: idle conversations of each plugin, the warmest first.

A thread takes one, calls, and puts it back; so as many calls run at once as threads make them,
and a plugin sees no more conversations than that. The pool is a plain `deque` per plugin, whose
`append` and `pop` are atomic: no lock on the path of a call.
"""

from __future__ import annotations

import logging
import os
from collections import defaultdict, deque
from time import monotonic
from typing import Any

from plugin_runtime.exceptions import CallError, DeadlinePassed, PluginUnavailable
from plugin_runtime.switchboard import client
from plugin_runtime.switchboard.protocol import Lost, Overran

from .call_log import OK, log
from .conversation import Conversation, Stale

logger = logging.getLogger(__name__)

#: Idle conversations kept per plugin; more than a process has calling threads would be waste.
IDLE_LIMIT = 32


_idle: defaultdict[str, deque[Conversation]] = defaultdict(deque)


def call(
    plugin: str, kind: str, target: str, payload: Any, *, deadline_ms: int, depth: int = 0
) -> Any:
    """Call one handler of a plugin and return its result.

    Blocks the calling thread for at most `deadline_ms` (plus scheduling). Raises
    `PluginUnavailable`, `DeadlinePassed` or `PluginFault`. The call is made at most once: a new
    conversation is tried only when the old one proved closed before anything was sent. `depth`
    is how deep whatever the handler causes lies.
    """
    began = since = monotonic()
    idle = _idle[plugin]
    conversation = None
    try:
        try:
            conversation = idle.pop()
        except IndexError:
            conversation, since = _introduced(plugin), monotonic()
        try:
            result = conversation.call(kind, target, payload, deadline_ms, depth, since)
        except Stale:
            conversation = _instead_of(conversation)
            result = conversation.call(kind, target, payload, deadline_ms, depth, monotonic())
    except Stale as error:
        leaving = PluginUnavailable(plugin, "it is going away")
        log.note_error(plugin, kind, target, began, leaving)
        raise leaving from error
    except CallError as error:
        if conversation is not None:
            _report(error, target, deadline_ms)
        log.note_error(plugin, kind, target, began, error)
        raise
    finally:
        if conversation is not None:
            if conversation.is_usable and len(idle) < IDLE_LIMIT:
                idle.append(conversation)
            else:
                conversation.close()
    # Not `note`: on this path each function of Python's own is felt.
    log.append((plugin, kind, target, began, monotonic(), OK, ""))
    return result


def forget_all() -> None:
    """Drop every idle conversation without ending it: after a fork they are the parent's."""
    for conversations in _idle.values():
        for conversation in conversations:
            conversation.forget()
    _idle.clear()


os.register_at_fork(after_in_child=forget_all)


def _report(error: CallError, target: str, deadline_ms: int) -> None:
    """Tell the supervisor what it has to look at."""
    if isinstance(error, DeadlinePassed):
        client.desk.tell(Overran(error.plugin, target, deadline_ms))
    elif isinstance(error, PluginUnavailable):
        client.desk.tell(Lost(error.plugin, target))


def _instead_of(stale: Conversation) -> Conversation:
    """Return a new conversation; the idle ones lead to the same process, which is gone."""
    stale.close()
    idle = _idle[stale.plugin]
    while idle:
        idle.popleft().close()
    return _introduced(stale.plugin)


def _introduced(plugin: str) -> Conversation:
    return Conversation(plugin, client.introduce(plugin))
