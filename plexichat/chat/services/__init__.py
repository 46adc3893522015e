"""The chat's door for doing: every verb, one transaction each.

Each checks who asks and what is asked before it changes anything, raises one of
`plexichat.chat.exceptions` (or `events.Blocked`, `events.FilterUnavailable`) when it refuses,
tells the recorder inside its transaction and the live sockets once that is through.
"""

from __future__ import annotations

from plexichat.chat.services.accounts import profile_change, register, update_profile
from plexichat.chat.services.bots import bot
from plexichat.chat.services.channels import (
    add_member,
    create_channel,
    end_membership,
    remove_member,
)
from plexichat.chat.services.logins import is_logged_in, login, logout, token_login
from plexichat.chat.services.messages import delete_message, edit_message, post_message
from plexichat.chat.services.tickets import issue_ticket, purge_expired, redeem_ticket

__all__ = [
    "add_member",
    "bot",
    "create_channel",
    "delete_message",
    "edit_message",
    "end_membership",
    "is_logged_in",
    "issue_ticket",
    "login",
    "logout",
    "post_message",
    "profile_change",
    "purge_expired",
    "redeem_ticket",
    "register",
    "remove_member",
    "token_login",
    "update_profile",
]
