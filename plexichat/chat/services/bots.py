"""Bots: accounts through which a program speaks, one for each name.

A bot's user name has a colon, which no person's may have, so nobody can take it or register one
that looks like it. A bot stays when its program goes: its messages keep their author.
"""

from __future__ import annotations

from django.contrib.auth.hashers import make_password

from plexichat.chat.models import User

#: Before the program's name in a bot's user name; the validator of user names knows no colon.
PREFIX = "plugin:"


def bot(name: str) -> User:
    """Return the bot of a program, made at first use. One query once it exists."""
    made, _ = User.objects.get_or_create(
        username=f"{PREFIX}{name}",
        defaults={"is_bot": True, "display_name": name, "password": make_password(None)},
    )
    return made
