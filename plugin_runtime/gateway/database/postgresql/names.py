"""What a plugin's schema and role are called on the server."""

from __future__ import annotations

import hashlib

#: The schema of the core's views; ours, and every plugin may look at what was granted to it.
VIEWS = "plexichat_views"
#: PostgreSQL cuts longer names off without a word.
LONGEST = 63
_DIGITS = 8


def schema_of(plugin: str) -> str:
    """Return the name of a plugin's schema in our database."""
    return _fitting("plugin_", plugin)


def role_of(database: str, plugin: str) -> str:
    """Return the name of a plugin's role.

    Roles belong to the whole server, so the name tells apart two databases on one.
    """
    return _fitting(f"{prefix_of(database)}_", plugin)


def prefix_of(database: str) -> str:
    """Return what the names of all our plugins' roles begin with."""
    return f"plexichat_{_digest(database)}"


def _fitting(prefix: str, plugin: str) -> str:
    """A long name is cut and ends in its digest, behind a dash that no plugin's name holds."""
    room = LONGEST - len(prefix)
    if len(plugin) <= room:
        return prefix + plugin
    return f"{prefix}{plugin[: room - _DIGITS - 1]}-{_digest(plugin)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
