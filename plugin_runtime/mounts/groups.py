"""Groups on the channel layer: all sockets of one path of one plugin, whichever process has them.

Both sides of a broadcast meet here: the gateway that sends it and the consumer that hears it.
"""

from __future__ import annotations

import hashlib
from typing import Any

#: The consumer's method is named like it, with an underscore for the dot.
_TYPE = "plugin.broadcast"


def group_of(plugin: str, template: str) -> str:
    """Return the group of a path; a digest, since a template has signs that no group's name may."""
    named = f"{plugin}\0{template}".encode()
    return f"plugin.{hashlib.blake2b(named, digest_size=16).hexdigest()}"


def broadcast(message: str, user_ids: list[str] | None) -> dict[str, Any]:
    """Return what crosses the layer: the JSON for the clients, and for whom; None is everybody."""
    return {"type": _TYPE, "text": message, "user_ids": user_ids}


def is_for(broadcast: dict[str, Any], user_id: str) -> bool:
    """Whether a broadcast is for this user's sockets."""
    receivers = broadcast["user_ids"]
    return receivers is None or user_id in receivers
