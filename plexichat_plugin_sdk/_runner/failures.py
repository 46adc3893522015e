"""Failures: how what goes wrong inside a plugin is told outside."""

from __future__ import annotations

import msgspec

from plexichat_plugin_sdk._handlers.failures import Refused, cleaned, summary
from plexichat_plugin_sdk._handlers.stacks import exception_text
from plexichat_plugin_sdk._wire import codes
from plexichat_plugin_sdk._wire.conversation import Failure
from plexichat_plugin_sdk._wire.framing import WireViolation

#: What the encoder raises for a value that cannot travel; none of them touches the connection.
UNENCODABLE = (
    TypeError,
    OverflowError,
    RecursionError,
    UnicodeError,
    WireViolation,
    msgspec.MsgspecError,
)


def failure_of(number: int, error: BaseException) -> Failure:
    """Return the frame that ends a call with an error."""
    if isinstance(error, Refused):
        return Failure(number, error.code, cleaned(str(error)), {})
    details = {"traceback": exception_text(error)}
    return Failure(number, codes.HANDLER_RAISED, summary(error), details)
