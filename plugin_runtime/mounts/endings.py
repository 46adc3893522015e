"""How a plugin's WebSocket ends, as its client sees it.

A socket is always accepted first, because browsers hide the code of a refused handshake.
"""

from __future__ import annotations

from enum import IntEnum


class CloseCode(IntEnum):
    """Close codes of the host; besides them a plugin may use 1000, 1012 and 3000-4999."""

    #: The handler has returned.
    DONE = 1000
    #: A message is larger than the limit.
    TOO_BIG = 1009
    #: The plugin failed; the reason holds the reference for the log.
    PLUGIN_FAILED = 1011
    #: The plugin went away, probably to make room for its next release: connect again.
    RESTARTS = 1012
    #: Not now: the plugin is not running, does not keep up, or there are too many sockets.
    TRY_LATER = 1013
    #: Nobody is logged in.
    NOT_LOGGED_IN = 4401
    #: The user lacks a permission, or has lost it.
    NOT_PERMITTED = 4403
    #: Nothing is mounted at the path.
    NOT_FOUND = 4404


#: What a close frame has room for.
_REASON_BYTES = 123
_OWN_CODES = range(3000, 5000)


class Ended(Exception):
    """The socket ends, with this code and reason for its client."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = fitting(reason)


def wished(code: int, reason: str) -> Ended:
    """Return the end a plugin asks for; codes that are not a plugin's become 1000."""
    is_theirs = code in _OWN_CODES or code == CloseCode.RESTARTS
    return Ended(code if is_theirs else CloseCode.DONE, reason)


def fitting(reason: str) -> str:
    """Cut a reason to what a close frame can hold, never inside a character."""
    return reason.encode(errors="replace")[:_REASON_BYTES].decode(errors="ignore")
