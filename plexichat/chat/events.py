"""The chat's door for those who want a word before something happens.

Before a message is stored, new or edited, the chat asks one *consultant*. Who that is, the chat
does not know: the plugin runtime puts itself here at start. The consultant is called outside any
database transaction, may block for as long as its own deadlines allow, and runs in the thread of
the request.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from plexichat.chat.content import Draft, check
from plexichat.chat.exceptions import ChatError, Invalid

#: The message as the API shows it, plus `is_edit: true` on edits.
MessagePayload = dict[str, Any]
#: Returns the message to store; of it only `content`, `message_type` and `metadata` are used.
Consultant = Callable[[MessagePayload], MessagePayload]


class Blocked(ChatError):
    """A plugin does not want this message. The reason is shown to its author."""

    code = "message_blocked"

    def __init__(self, reason: str = "", plugin: str = "") -> None:
        self.reason = reason
        self.plugin = plugin
        super().__init__(reason or "This message was blocked.")


class FilterUnavailable(ChatError):
    """A filter that must be asked gave no usable answer. The message was not stored."""

    code = "filter_unavailable"

    def __init__(self, plugin: str = "") -> None:
        self.plugin = plugin
        super().__init__("The message could not be checked and was not sent; try again later.")


def _nobody(message: MessagePayload) -> MessagePayload:
    return message


_consultant: Consultant = _nobody


def set_consultant(consultant: Consultant | None) -> None:
    """Make `consultant` the one to ask from now on, in this process; `None` asks nobody."""
    global _consultant
    _consultant = consultant or _nobody


def consult(message: MessagePayload) -> MessagePayload:
    """Ask about a message. Returns what to store; raises `Blocked` or `FilterUnavailable`."""
    return _consultant(message)


def problems(message: MessagePayload) -> dict[str, list[str]]:
    """Return what keeps a message from being stored, by field; nothing when it may be.

    For consultants: an answer that has problems here would make `consult` fail as a whole.
    """
    try:
        check(
            Draft(
                content=message["content"],
                message_type=message["message_type"],
                metadata=message["metadata"],
            )
        )
    except Invalid as error:
        return error.errors
    return {}
