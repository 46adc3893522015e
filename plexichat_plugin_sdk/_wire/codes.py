"""The codes a `Failure` may carry, and the SDK's exception for each.

One table for both sides: the sandbox turns what the gateway refuses into the author's
exceptions, the host turns what a handler raises into codes.
"""

from __future__ import annotations

#: A handler raised; `details["traceback"]` has the stack.
HANDLER_RAISED = "handler_raised"
#: The plugin returned something that a caller cannot use.
BAD_RESULT = "bad_result"
#: No such hook, endpoint or socket in the plugin.
UNKNOWN_TARGET = "unknown_target"
#: The host refuses: no grant, or somebody else's name.
PERMISSION_DENIED = "permission_denied"
#: The arguments are not valid.
INVALID = "invalid"
#: The host does not offer this yet.
NOT_AVAILABLE = "not_available"
#: The host failed; the plugin can do nothing about it.
HOST_FAILED = "host_failed"
#: Too much of something; try again later.
LIMIT_REACHED = "limit_reached"
#: A filter refuses the plugin's own message.
MESSAGE_BLOCKED = "message_blocked"
#: The cache refuses a command: the key holds another type, or a number is none.
CACHE_ERROR = "cache_error"
#: The plugin's database refuses; `details["kind"]` is the name of PEP 249's class.
DATABASE = "database_error"
