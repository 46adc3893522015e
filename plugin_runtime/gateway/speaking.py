"""Speaking in the chat: a plugin's messages, written as its bot user.

They go the way of every message: other plugins' filters, the table, events, live sockets. What
keeps plugins from answering each other for ever is the depth, and a budget for each: the depth is
what the plugin says it is, so one that lies still has no more than its budget.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plexichat.chat import events, payloads
from plexichat.chat import services as chat
from plexichat.chat.exceptions import ChatError, Invalid, NotFound, PermissionDenied
from plexichat_plugin_sdk._wire import codes
from plugin_runtime import speakers
from plugin_runtime.conf import conf
from plugin_runtime.speakers import DEPTH_LIMIT

from . import standing
from .asking import Asker
from .budget import Budgets
from .refusal import Refusal, text

CAPABILITY = "message_send"
#: Messages that a plugin may write at once before the average counts.
BURST = 50.0

budgets = Budgets(lambda: conf.messages_per_second, at_once=BURST)


def send(asker: Asker, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Write a message as the asking plugin's bot and return it as stored; raise `Refusal`."""
    standing.require(asker, CAPABILITY)
    channel_id, content = text(arguments, "channel_id"), text(arguments, "content")
    message_type = text(arguments, "message_type")
    metadata, depth = _metadata(arguments.get("metadata")), _depth(arguments.get("depth", 0))
    if not budgets.take(asker.plugin):
        raise Refusal(
            codes.LIMIT_REACHED,
            f"more than {conf.messages_per_second:g} messages a second; write less, or gather them",
        )
    bot = _bot_of(asker.plugin)
    try:
        with speakers.speaking(asker.plugin, depth=depth):
            said = chat.post_message(
                bot, channel_id, content=content, message_type=message_type, metadata=metadata
            )
    except ChatError as error:
        raise _refusal(error, bot) from error
    return payloads.message(said)


def _bot_of(plugin: str) -> Any:
    bot = chat.bot(plugin)
    if not bot.is_active:
        raise Refusal(
            codes.PERMISSION_DENIED, f"an admin has deactivated the plugin's bot {bot.username!r}"
        )
    return bot


def _metadata(metadata: Any) -> dict[str, Any]:
    if metadata is None or isinstance(metadata, dict):
        return metadata or {}
    raise Refusal(codes.INVALID, f"'metadata' must be a dict, got {type(metadata).__name__}")


def _depth(depth: Any) -> int:
    if type(depth) is not int or depth < 0:
        raise Refusal(codes.INVALID, "the depth must be a whole number")
    if depth > DEPTH_LIMIT:
        raise Refusal(
            codes.LIMIT_REACHED,
            f"this message answers {depth} others of plugins in a row; are two bots talking to "
            "each other?",
        )
    return depth


def _refusal(error: ChatError, bot: Any) -> Refusal:
    match error:
        case events.Blocked():
            return Refusal(codes.MESSAGE_BLOCKED, error.reason)
        case events.FilterUnavailable():
            return Refusal(codes.HOST_FAILED, str(error))
        case NotFound() | PermissionDenied():
            # One sentence for both: who is no member may not know which private channels exist.
            return Refusal(
                codes.INVALID,
                "there is no such channel that the bot may write to: it writes to public "
                f"channels, and to those of which it is a member. Its user_id is {bot.public_id!r}",
                user_id=bot.public_id,
            )
        case Invalid():
            return Refusal(codes.INVALID, str(error), errors=error.errors)
    return Refusal(codes.INVALID, str(error))


QUESTIONS = {"messages.send": send}
