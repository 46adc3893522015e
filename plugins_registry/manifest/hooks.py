"""The names of hooks: the core's, their aliases, and what was probably meant."""

from __future__ import annotations

import difflib
import re

#: What the chat itself tells or asks.
CORE_HOOKS = frozenset(
    {
        "user_registered",
        "user_login",
        "user_logout",
        "user_profile_updated",
        "message_sent",
        "message_received",
        "message_deleted",
        "message_edited",
        "channel_created",
        "channel_member_joined",
        "channel_member_left",
        "plugin_error",
    }
)
#: Other names for core hooks that manifests use.
ALIASES = {"channel_join": "channel_member_joined", "channel_leave": "channel_member_left"}
_HOOK_NAME = re.compile(r"[a-z][a-z0-9_.]{0,99}")


def is_hook_name(name: str) -> bool:
    """Whether it can be a hook's name, the core's or a custom one."""
    return _HOOK_NAME.fullmatch(name) is not None


def resolve(name: str) -> str:
    """The hook's proper name."""
    return ALIASES.get(name, name)


def probably_meant(name: str) -> str | None:
    """The core hook of which this looks like a slip; None for a core or clearly custom name."""
    if resolve(name) in CORE_HOOKS:
        return None
    near = difflib.get_close_matches(name, [*CORE_HOOKS, *ALIASES], n=1, cutoff=0.8)
    return resolve(near[0]) if near else None
