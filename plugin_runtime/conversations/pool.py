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
from typing import Any, NamedTuple

from plugin_runtime.exceptions import CallError, DeadlinePassed, PluginUnavailable
from plugin_runtime.switchboard import client
from plugin_runtime.switchboard.protocol import Lost, Overran

from .call_log import log
from .conversation import Conversation, Stale

logger = logging.getLogger(__name__)

#: Idle conversations kept per plugin; more than a process has calling threads would be waste.
IDLE_LIMIT = 32


class Question(NamedTuple):
    """One call to be made."""

    kind: str
    target: str
    payload: Any
    deadline_ms: int
    #: How deep whatever the handler causes lies.
    depth: int


_idle: defaultdict[str, deque[Conversation]] = defaultdict(deque)


def call(
    plugin: str, kind: str, target: str, payload: Any, *, deadline_ms: int, depth: int = 0
) -> Any:
    """Call one handler of a plugin and return its result.

    Blocks the calling thread for at most `deadline_ms` (plus scheduling). Raises
    `PluginUnavailable`, `DeadlinePassed` or `PluginFault`. The call is made at most once: a new
    conversation is tried only when the old one proved closed before anything was sent.
    """
    began = monotonic()
    try:
        result = _call(plugin, Question(kind, target, payload, deadline_ms, depth))
    except CallError as error:
        log.note_error(plugin, kind, target, began, error)
        raise
    log.note(plugin, kind, target, began)
    return result


def _call(plugin: str, question: Question) -> Any:
    idle = _idle[plugin]
    try:
        conversation = idle.pop()
    except IndexError:
        conversation = _introduced(plugin)
    try:
        try:
            return conversation.call(*question)
        except Stale:
            conversation = _instead_of(conversation)
            return conversation.call(*question)
    except Stale as error:
        raise PluginUnavailable(plugin, "it is going away") from error
    except DeadlinePassed:
        client.desk.tell(Overran(plugin, question.target, question.deadline_ms))
        raise
    except PluginUnavailable:
        client.desk.tell(Lost(plugin, question.target))
        raise
    finally:
        if conversation.is_usable and len(idle) < IDLE_LIMIT:
            idle.append(conversation)
        else:
            conversation.close()


def forget_all() -> None:
    """Drop every idle conversation without ending it: after a fork they are the parent's."""
    for conversations in _idle.values():
        for conversation in conversations:
            conversation.forget()
    _idle.clear()


os.register_at_fork(after_in_child=forget_all)


def _instead_of(stale: Conversation) -> Conversation:
    """Return a new conversation; the idle ones lead to the same process, which is gone."""
    stale.close()
    idle = _idle[stale.plugin]
    while idle:
        idle.popleft().close()
    return _introduced(stale.plugin)


def _introduced(plugin: str) -> Conversation:
    return Conversation(plugin, client.introduce(plugin))
