"""Everything that may go wrong between a plugin and its host, as a catalogue.

One root, `PluginError`. Where authors naturally catch a built-in, the exception inherits it as
well: a refusal is a `PermissionError` of the SDK and the built-in one. `by_code` is the one
table from the codes that cross the wire to classes.
"""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from typing import Any, ClassVar


class PluginError(Exception):
    """Something between the plugin and its host went wrong."""

    #: Stable and short; what crosses the wire instead of a class.
    code: ClassVar[str] = "plugin_error"

    def __init__(self, *args: object, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(*(args or (_situation(type(self)),)))
        #: Facts about the situation, plain JSON values.
        self.details: dict[str, Any] = dict(details or {})


class ValidationError(PluginError, ValueError):
    """A value is not what it must be.

    Raised from an endpoint's handler it becomes an answer with status 400 and its text.
    """

    code = "invalid"


class PermissionError(PluginError, builtins.PermissionError):
    """The host refuses: the plugin lacks a grant, or asked in somebody else's name.

    Raised from an endpoint's handler it becomes an answer with status 403 and its text.
    """

    code = "permission_denied"


class NotAvailable(PluginError, NotImplementedError):
    """This server does not offer that yet."""

    code = "not_available"


class HostError(PluginError):
    """The host failed to answer; the plugin can do nothing about it but try later."""

    code = "host_failed"


class LimitReached(PluginError):
    """Too much of something; try again later."""

    code = "limit_reached"


class CacheError(PluginError):
    """The cache refuses a command: its key holds another type, or a number is none."""

    code = "cache_error"


class OutsideHost(PluginError):
    """Called outside a plugin host, where nobody can answer."""

    code = "outside_host"


class MessageBlocked(PluginError):
    """Raise it in a `message_sent` handler to refuse the message.

    `reason` is shown to the person who wrote the message; it may be empty. `send_message` raises
    it when another plugin's filter refuses the bot's message; that one, let out of a handler, is
    an error like any other and refuses nothing.
    """

    code = "message_blocked"

    def __init__(self, reason: str = "") -> None:
        super().__init__(*((reason,) if reason else ()))
        #: Shown to the sender; empty when there is nothing to say.
        self.reason = reason
        #: Whether it is about a message that the plugin itself tried to send.
        self.is_about_own_message = False


class WebSocketClosed(PluginError):
    """The WebSocket is closed: its client has left, or the plugin closed it."""

    code = "websocket_closed"

    def __init__(self, close_code: int = 1006, reason: str = "") -> None:
        said = f": {reason}" if reason else ""
        super().__init__(f"the WebSocket is closed (code {close_code}){said}")
        #: The WebSocket close code; 1006 when the connection just went away.
        self.close_code = close_code
        #: What the side that closed had to say, often nothing.
        self.reason = reason


_CATALOGUE: tuple[type[PluginError], ...] = (
    ValidationError,
    PermissionError,
    NotAvailable,
    HostError,
    LimitReached,
    CacheError,
)
_BY_CODE: dict[str, type[PluginError]] = {kind.code: kind for kind in _CATALOGUE}


def by_code(code: str, message: str, details: Mapping[str, Any] | None = None) -> PluginError:
    """Return the exception for what a host refused; an unknown code gives a `HostError`."""
    if code == MessageBlocked.code:
        blocked = MessageBlocked(message)
        blocked.is_about_own_message = True
        return blocked
    return _BY_CODE.get(code, HostError)(message, details=details)


def _situation(kind: type[PluginError]) -> str:
    """The first line of a class's docstring: what is said when nothing else was."""
    return (kind.__doc__ or kind.__name__).strip().splitlines()[0]
