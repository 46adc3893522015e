"""Asking filters: every subscribed plugin in its order, each within its deadline.

This is the message path. It touches no database: order, deadlines and policies come from the
board in memory, problems go to the supervisor as one-way frames, traces wait for the message's
own transaction. Only what ends a message is written here, since that has no transaction.
"""

from __future__ import annotations

import logging
from time import perf_counter
from typing import Any, NamedTuple

from plexichat.chat import events
from plugin_runtime import conversations, speakers
from plugin_runtime.exceptions import CallError, PluginFault, PluginUnavailable
from plugin_runtime.switchboard import client
from plugin_runtime.switchboard.protocol import Complaint
from plugins_registry.queries import BoardPlugin

from . import traces
from .messages import BadAnswer, merge
from .order import order

logger = logging.getLogger(__name__)

MESSAGE_SENT = "message_sent"
ALLOW = ["allow"]
SHADOW = "shadow"
#: Of a block's reason, which is shown to the author of the message.
REASON_CHARACTERS = 1_000


def consult(message: dict[str, Any]) -> dict[str, Any]:
    """Ask every filter of `message_sent` and return the message as they left it.

    Raises `events.Blocked` with the first plugin's reason, or `events.FilterUnavailable` when a
    plugin whose fail policy is closed gave no usable answer. A failing plugin with an open
    policy is passed over with the message as it was before it. A plugin in shadow mode is asked
    later, when the message is stored. A plugin is not asked about what its own bot says.
    """
    if traces.left() is not None:
        traces.forget()
    plugins = order.of(MESSAGE_SENT)
    if not plugins:
        return message
    question, speaker = message, speakers.current()
    depth = 0 if speaker is speakers.NOBODY else speakers.next_depth()
    for plugin in plugins:
        if plugin.name == speaker.plugin:
            continue
        if plugin.mode == SHADOW:
            traces.about(MESSAGE_SENT, question).shadowed.append(plugin.name)
        else:
            message = _ask(plugin, message, question, depth)
    return message


def _ask(
    plugin: BoardPlugin, message: dict[str, Any], question: dict[str, Any], depth: int
) -> dict[str, Any]:
    began = perf_counter()
    try:
        if plugin.state != "active":
            raise PluginUnavailable(plugin.name, f"is not running ({plugin.state})")
        verdict = conversations.call(
            plugin.name,
            "filter",
            MESSAGE_SENT,
            message,
            deadline_ms=plugin.deadline_ms,
            depth=depth,
        )
        if verdict == ALLOW and not order.keeps_all:  # the usual answer first
            return message
        return _apply(plugin, verdict, message, Asking(question, began))
    except (CallError, BadAnswer) as error:
        return _failed(plugin, error, message, Asking(question, began))


class Asking(NamedTuple):
    """One plugin's turn: the message as it was at first, and when the turn began."""

    question: dict[str, Any]
    began: float

    @property
    def asked(self) -> traces.Asked:
        """Where its verdict is kept."""
        return traces.about(MESSAGE_SENT, self.question)


def _apply(
    plugin: BoardPlugin, verdict: Any, message: dict[str, Any], turn: Asking
) -> dict[str, Any]:
    match verdict:
        case ["allow"]:
            turn.asked.note(plugin, "allow", message, began=turn.began)
            return message
        case ["replace", replacement]:
            merged = merge(message, replacement, _complain_as(plugin))
            turn.asked.note(plugin, "replace", message, began=turn.began, after=merged)
            return merged
        case ["block", str(reason)]:
            reason = reason[:REASON_CHARACTERS]
            turn.asked.note(plugin, "block", message, began=turn.began, reason=reason)
            turn.asked.write_now()
            raise events.Blocked(reason, plugin.name)
    raise BadAnswer("returned something that is no verdict")


def _failed(
    plugin: BoardPlugin, error: Exception, message: dict[str, Any], turn: Asking
) -> dict[str, Any]:
    _report(plugin, error)
    asked = turn.asked
    asked.note(plugin, "failed", message, began=turn.began, reason=str(error))
    if plugin.fail_policy == "closed":
        asked.write_now()
        raise events.FilterUnavailable(plugin.name) from error
    return message


def _report(plugin: BoardPlugin, error: Exception) -> None:
    traceback = ""
    if isinstance(error, PluginFault):
        traceback = str(error.details.get("traceback", ""))
    logger.warning(
        "filter gave no answer",
        extra={"plugin": plugin.name, "hook": MESSAGE_SENT, "error": str(error)},
    )
    if isinstance(error, PluginFault | BadAnswer):  # overruns and losses report themselves
        text = f"message_sent: {error}"
        client.desk.tell(Complaint(plugin.name, f"filter:{MESSAGE_SENT}", text, traceback))


def _complain_as(plugin: BoardPlugin) -> Any:
    def complain(key: str, text: str) -> None:
        client.desk.tell(Complaint(plugin.name, key, text, ""))

    return complain
