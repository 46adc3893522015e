"""The chat's door for doing: every verb, one transaction each.

Each checks who asks and what is asked before it changes anything, raises one of
`plexichat.chat.exceptions` (or `events.Blocked`, `events.FilterUnavailable`) when it refuses,
and tells the live sockets once its transaction is through.
"""

from __future__ import annotations

from plexichat.chat.services.accounts import register, update_profile
from plexichat.chat.services.channels import add_member, create_channel, remove_member
from plexichat.chat.services.logins import is_logged_in, login, logout, token_login
from plexichat.chat.services.messages import delete_message, edit_message, post_message
from plexichat.chat.services.tickets import issue_ticket, purge_expired, redeem_ticket

__all__ = [
    "add_member",
    "create_channel",
    "delete_message",
    "edit_message",
    "is_logged_in",
    "issue_ticket",
    "login",
    "logout",
    "post_message",
    "purge_expired",
    "redeem_ticket",
    "register",
    "remove_member",
    "token_login",
    "update_profile",
]
