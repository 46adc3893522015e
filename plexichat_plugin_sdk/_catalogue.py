"""The catalogue of core hooks: what the chat itself tells or asks, and with which data.

The one source for names, aliases and keys: `hooks` refuses to emit what is listed here,
`docs/hooks.md` is made from it by `_catalogue_page`, and a test holds it against the reference
and against what the chat really sends. Summaries and texts are the reference's own words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

#: Older names, still accepted wherever a hook is named.
HOOK_ALIASES: Mapping[str, str] = {
    "channel_join": "channel_member_joined",
    "channel_leave": "channel_member_left",
}


@dataclass(frozen=True)
class Key:
    """One key of a hook's data."""

    name: str
    #: `str`, `int`, `bool`, `list` or `dict`.
    type: str
    text: str
    #: Left out of the data, never `None`, when there is nothing to say.
    optional: bool = False
    #: Sent by this server although the reference does not list it.
    added: bool = False


@dataclass(frozen=True)
class CoreHook:
    """One hook of the chat itself."""

    name: str
    #: A filter is asked before the fact and its answer decides; an event is told after it.
    kind: Literal["filter", "event"]
    summary: str
    keys: tuple[Key, ...]
    #: What an author should know besides; may be empty.
    note: str = ""


_MESSAGE = (
    Key("message_id", "str", "Unique message identifier"),
    Key("user_id", "str", "Sender user ID"),
    Key("channel_id", "str", "Channel identifier"),
    Key("content", "str", "Message content"),
    Key("timestamp", "str", "ISO 8601 timestamp"),
    Key("message_type", "str", "Type of message (text, file, etc.)"),
    Key("metadata", "dict", "Additional message metadata"),
)

_HOOKS = (
    CoreHook(
        "user_registered",
        "event",
        "Triggered when a new user registers",
        (
            Key("user_id", "str", "Unique user identifier"),
            Key("email", "str", "User email address"),
            Key("username", "str", "Username"),
            Key("registration_date", "str", "ISO 8601 timestamp"),
            Key("metadata", "dict", "Additional registration data"),
        ),
    ),
    CoreHook(
        "user_login",
        "event",
        "Triggered when a user logs in",
        (
            Key("user_id", "str", "User identifier"),
            Key("login_time", "str", "ISO 8601 timestamp"),
            Key("ip_address", "str", "Client IP address"),
            Key("user_agent", "str", "Client user agent"),
            Key("device_info", "dict", "Device information"),
        ),
    ),
    CoreHook(
        "user_logout",
        "event",
        "Triggered when a user logs out",
        (
            Key("user_id", "str", "User identifier"),
            Key("logout_time", "str", "ISO 8601 timestamp"),
            Key("session_duration", "int", "Session duration in seconds"),
        ),
    ),
    CoreHook(
        "user_profile_updated",
        "event",
        "Triggered when user profile is updated",
        (
            Key("user_id", "str", "User identifier"),
            Key("updated_fields", "list", "List of updated fields"),
            Key("old_values", "dict", "Previous field values"),
            Key("new_values", "dict", "New field values"),
            Key("update_time", "str", "ISO 8601 timestamp"),
        ),
        "Never holds a password or a token.",
    ),
    CoreHook(
        "message_sent",
        "filter",
        "Triggered when a message is sent",
        (
            *_MESSAGE,
            Key("is_edit", "bool", "Always true: an edited message", optional=True, added=True),
        ),
        "Asked before a message is stored, new or edited. `content`, `message_type` and "
        "`metadata` may be changed; other keys that a handler adds are kept in `metadata`, and "
        "plugins that are asked later see them at the top level. To refuse a message, raise "
        '`MessageBlocked("reason")` or return `Block("reason")`; to let it pass as it is, return '
        "`Allow()`. A returned `None` blocks when the method is annotated `-> Optional[dict]` "
        "and allows otherwise.",
    ),
    CoreHook(
        "message_received",
        "event",
        "Triggered when a message is received by a user",
        _MESSAGE,
        "Told once for each member of the channel except the sender; "
        "`current_event().receiver_id` says for whom. Members are looked up when the event is "
        "delivered.",
    ),
    CoreHook(
        "message_deleted",
        "event",
        "Triggered when a message is deleted",
        (
            Key("message_id", "str", "Deleted message ID"),
            Key("user_id", "str", "User who deleted the message"),
            Key("channel_id", "str", "Channel identifier"),
            Key("deletion_time", "str", "ISO 8601 timestamp"),
            Key("reason", "str", "Deletion reason", optional=True),
        ),
    ),
    CoreHook(
        "message_edited",
        "event",
        "Triggered when a message is edited",
        (
            Key("message_id", "str", "Edited message ID"),
            Key("user_id", "str", "User who edited the message"),
            Key("old_content", "str", "Original message content"),
            Key("new_content", "str", "New message content"),
            Key("edit_time", "str", "ISO 8601 timestamp"),
        ),
    ),
    CoreHook(
        "channel_created",
        "event",
        "Triggered when a channel is created",
        (
            Key("channel_id", "str", "Unique channel identifier"),
            Key("name", "str", "Channel name"),
            Key("creator_id", "str", "User who created the channel"),
            Key("channel_type", "str", "Type (public, private, direct)"),
            Key("creation_time", "str", "ISO 8601 timestamp"),
            Key("members", "list", "Initial member user IDs"),
        ),
    ),
    CoreHook(
        "channel_member_joined",
        "event",
        "Triggered when a user joins a channel",
        (
            Key("channel_id", "str", "Channel identifier"),
            Key("user_id", "str", "User who joined"),
            Key("join_time", "str", "ISO 8601 timestamp"),
            Key("invited_by", "str", "User who invited", optional=True),
        ),
    ),
    CoreHook(
        "channel_member_left",
        "event",
        "Triggered when a user leaves a channel",
        (
            Key("channel_id", "str", "Channel identifier"),
            Key("user_id", "str", "User who left"),
            Key("leave_time", "str", "ISO 8601 timestamp"),
            Key("reason", "str", "Leave reason", optional=True),
        ),
    ),
    CoreHook(
        "plugin_error",
        "event",
        "Handle plugin errors from other plugins",
        (
            Key("plugin", "str", "Name of the plugin that failed", added=True),
            Key("error_type", "str", "What it was doing: filter, event and so on", added=True),
            Key("hook", "str", "The hook it failed in, or an empty text", added=True),
            Key("error_message", "str", "One sentence of the host's", added=True),
            Key("timestamp", "str", "ISO 8601 timestamp", added=True),
        ),
        "A plugin never hears of its own errors. What its code said and the stack are not "
        "told: they may hold data that the hearing plugin was not granted; the admin sees them.",
    ),
)

#: Every core hook by its name, in the reference's order.
CORE_HOOKS: Mapping[str, CoreHook] = {each.name: each for each in _HOOKS}


def is_core(name: str) -> bool:
    """Whether a name, or an older name, belongs to the chat itself."""
    return HOOK_ALIASES.get(name, name) in CORE_HOOKS
