"""The chat's door for those who want a word before something happens, or to hear that it did.

Before a message is stored, new or edited, the chat asks one *consultant*. Of every fact it tells
one *recorder*. Who they are, the chat does not know: the plugin runtime puts itself here at
start. The consultant is called outside any database transaction, may block for as long as its
own deadlines allow, and runs in the thread of the request. The recorder is called inside the
transaction of the fact, so that what it writes stands or falls with it; it must not wait.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from plexichat.chat.content import Draft, check
from plexichat.chat.exceptions import ChatError, Invalid

#: What an event tells, as JSON; the keys of each hook are built in `payloads`.
Payload = dict[str, Any]
#: The message as the API shows it, plus `is_edit: true` on edits.
MessagePayload = Payload
#: Returns the message to store; of it only `content`, `message_type` and `metadata` are used.
Consultant = Callable[[MessagePayload], MessagePayload]


class Recorder(Protocol):
    """Someone who writes facts down for those who are owed them."""

    def event(self, hook: str, build: Callable[[], Payload]) -> None:
        """Called when something happened, inside its transaction.

        `build` returns the payload and may read the database as it is at this point; it is
        called at once or, where nobody subscribes to the hook, never.
        """

    def message_stored(self, message_id: str) -> None:
        """Called when a consulted message, new or edited, is stored, inside its transaction."""


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
_recorder: Recorder | None = None


def set_consultant(consultant: Consultant | None) -> None:
    """Make `consultant` the one to ask from now on, in this process; `None` asks nobody."""
    global _consultant
    _consultant = consultant or _nobody


def consult(message: MessagePayload) -> MessagePayload:
    """Ask about a message. Returns what to store; raises `Blocked` or `FilterUnavailable`."""
    return _consultant(message)


def set_recorder(recorder: Recorder | None) -> None:
    """Make `recorder` the one to tell from now on, in this process; `None` tells nobody."""
    global _recorder
    _recorder = recorder


def record(hook: str, build: Callable[[], Payload]) -> None:
    """Tell of a fact, inside its transaction; what the recorder raises undoes the fact."""
    if _recorder is not None:
        _recorder.event(hook, build)


def message_stored(message_id: str) -> None:
    """Tell that a consulted message is being stored, inside its transaction."""
    if _recorder is not None:
        _recorder.message_stored(message_id)


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
