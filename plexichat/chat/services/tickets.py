"""Socket tickets: made for one handshake, spent by it."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from knox.models import AuthToken

from plexichat.chat.conf import chat_settings
from plexichat.chat.models import SocketTicket, User
from plexichat.chat.services.logins import is_logged_in

TICKET_BYTES = 24


@dataclass(frozen=True, kw_only=True)
class SpentTicket:
    """Whom a ticket let in."""

    #: The account.
    user: User
    #: The login behind the ticket; empty for a browser session.
    token_digest: str


def issue_ticket(account: User, *, token: AuthToken | None = None) -> str:
    """Return a ticket that opens one socket within `ticket_seconds`."""
    ticket = secrets.token_urlsafe(TICKET_BYTES)
    lifetime = timedelta(seconds=chat_settings.ticket_seconds)
    with transaction.atomic():
        SocketTicket.objects.create(
            digest=_digest(ticket),
            user=account,
            token_digest=token.digest if token else "",
            expires_at=timezone.now() + lifetime,
        )
    return ticket


def redeem_ticket(ticket: str) -> SpentTicket | None:
    """Spend a ticket; nothing when it is unknown, spent, too old, or its login is gone.

    The delete decides: of two who come with the same ticket at once, one finds it gone.
    """
    with transaction.atomic():
        valid = SocketTicket.objects.filter(digest=_digest(ticket), expires_at__gt=timezone.now())
        entry = valid.select_related("user").first()
        if entry is None or not valid.delete()[0]:
            return None
        if not is_logged_in(entry.user, token_digest=entry.token_digest):
            return None
    return SpentTicket(user=entry.user, token_digest=entry.token_digest)


def purge_expired() -> int:
    """Remove tickets and tokens that nobody can use any more; returns how many."""
    now = timezone.now()
    with transaction.atomic():
        tickets, _ = SocketTicket.objects.filter(expires_at__lte=now).delete()
        tokens, _ = AuthToken.objects.filter(expiry__lte=now).delete()
    return int(tickets + tokens)


def _digest(ticket: str) -> str:
    return hashlib.sha256(ticket.encode("utf-8", "surrogatepass")).hexdigest()
