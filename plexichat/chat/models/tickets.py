"""A socket ticket: half a minute of trust, for browsers that cannot set a header."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class SocketTicket(models.Model):
    """The right to open one live socket once.

    Only the SHA-256 digest is kept, so that a read of the table opens nothing.
    """

    #: SHA-256 of the ticket, hex.
    digest = models.CharField(max_length=64, primary_key=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    #: Digest of the login token that asked for it, empty for a session: a ticket, and a socket
    #: opened with it, are worth nothing once that login is gone.
    token_digest = models.CharField(max_length=128, blank=True)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"socket ticket of user {self.user_id}"
