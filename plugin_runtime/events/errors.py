"""`plugin_error`: what other plugins hear when one fails.

They hear that it failed and where, in the host's words. What an exception said, or a traceback,
may hold people's data and stays with the admins.
"""

from __future__ import annotations

from datetime import UTC, datetime

from . import recorder

HOOK = "plugin_error"
#: A failure while handling a failure while …: nobody is told any more.
DEPTH_LIMIT = 8


def tell(plugin: str, key: str, *, depth: int = 0) -> None:
    """Tell every other subscribed plugin; `key` is the problem's, like `filter:message_sent`."""
    if depth > DEPTH_LIMIT:
        return
    kind, _, place = key.partition(":")
    payload = {
        "plugin": plugin,
        "error_type": kind,
        "hook": place,
        "error_message": f"plugin {plugin!r} failed" + (f" in {place!r}" if place else ""),
        "timestamp": datetime.now(UTC).isoformat(),
    }
    recorder.tell_others(HOOK, payload, origin=plugin, depth=depth)
