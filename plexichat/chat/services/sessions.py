"""Browser sessions: Django's own views begin and end them, and its signals tell us here.

A session is stored with the answer, after its signal; should that fail, a login was told of that
did not last. The other way round, a login that nobody hears of, cannot happen.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from plexichat.chat.clients import Client, client_of
from plexichat.chat.models import User
from plexichat.chat.services.logins import tell_login, tell_logout

#: Where a session keeps when it began, in ISO 8601.
SINCE = "plexichat_logged_in_at"


def begun(sender: object, request: HttpRequest | None, user: User, **_: Any) -> None:
    """Receive `user_logged_in`: remember the time, and record the login."""
    if request is not None and hasattr(request, "session"):
        request.session[SINCE] = timezone.now().isoformat()
    with transaction.atomic():
        tell_login(user, client=client_of(request.META) if request is not None else Client())


def ended(sender: object, request: HttpRequest | None, user: User | None, **_: Any) -> None:
    """Receive `user_logged_out`, before the session is emptied: record the logout.

    `user` is nobody when an anonymous visitor logs out, which is no event.
    """
    if user is None:
        return
    with transaction.atomic():
        tell_logout(user, since=_since(request))


def _since(request: HttpRequest | None) -> datetime:
    """Return when the session began; now for one that does not say, so that it lasted 0 s."""
    session = getattr(request, "session", {})
    noted = session.get(SINCE)
    return datetime.fromisoformat(noted) if noted else timezone.now()
