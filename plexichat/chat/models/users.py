"""A person (or a bot) with an account."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.db.models.functions import Lower

from plexichat.chat.identifiers import PUBLIC_ID_LENGTH, new_public_id


class ChatUserManager(UserManager["User"]):
    """Django's user manager, blind to the case of user names."""

    def get_by_natural_key(self, username: str | None) -> User:
        """Return the user of that name in any case; raises `User.DoesNotExist`.

        Both sides are folded by the database: SQLite folds ASCII only, so folding one side in
        Python would lock people with other letters out.
        """
        folded = self.annotate(folded=Lower("username"))
        return folded.get(folded=Lower(models.Value(username or "")))


class User(AbstractUser):
    """One account.

    Accounts that have written or created something are deactivated, not deleted. An e-mail
    address need not be unique: nothing proves that it belongs to its user, and a uniqueness
    rule would tell anyone which addresses have an account.
    """

    #: What the outside world calls this user (`user_id`).
    public_id = models.CharField(
        max_length=PUBLIC_ID_LENGTH, unique=True, default=new_public_id, editable=False
    )
    #: What others read beside the messages; the user name while empty.
    display_name = models.CharField(max_length=100, blank=True)
    #: A program's account: it has no password and never logs in.
    is_bot = models.BooleanField(
        default=False, editable=False, help_text="An account through which a plugin speaks."
    )

    objects: ClassVar[ChatUserManager] = ChatUserManager()

    class Meta(AbstractUser.Meta):
        """No two names that differ in case only."""

        constraints = [
            models.UniqueConstraint(
                Lower("username"),
                name="chat_user_username_any_case",
                violation_error_message="A user with that username already exists.",
            )
        ]

    def __str__(self) -> str:
        return self.username
