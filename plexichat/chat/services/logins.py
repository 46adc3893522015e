"""Logins: bearer tokens, kept as digests only, each good until it expires or is logged out."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from django.contrib.auth import authenticate
from django.contrib.auth.models import update_last_login
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from knox.crypto import hash_token
from knox.models import AuthToken

from plexichat.chat import event_payloads, events
from plexichat.chat.clients import Client
from plexichat.chat.exceptions import WrongCredentials
from plexichat.chat.models import User
from plexichat.chat.services import announcements


def login(username: str, *, password: str, client: Client | None = None) -> tuple[User, str]:
    """Return the account and a new token; `client` is from where, for those who are told of it.

    Raises `WrongCredentials` for an unknown name, a wrong password, an inactive account and a
    bot alike, in the same words and the same time.
    """
    account = authenticate(username=User.normalize_username(username), password=password)
    if not isinstance(account, User) or account.is_bot:
        raise WrongCredentials("This user name and password do not belong together.")
    with transaction.atomic():
        update_last_login(User, account)
        tell_login(account, client=client or Client())
        return account, new_token(account)


def logout(token: AuthToken) -> None:
    """End one login: its token, its unused tickets and its live sockets."""
    digest, account = token.digest, token.user
    with transaction.atomic():
        # Of two who end the same login at once, one finds it gone and has nothing to tell.
        if token.delete()[0]:
            tell_logout(account, since=token.created)
        announcements.logged_out(account.public_id, digest)


def tell_login(account: User, *, client: Client) -> None:
    """Record that a login, by token or browser session, begins now."""
    told = partial(event_payloads.user_login, account, client=client, at=timezone.now())
    events.record("user_login", told)


def tell_logout(account: User, *, since: datetime) -> None:
    """Record that a login made at `since` ends now."""
    told = partial(event_payloads.user_logout, account, since=since, at=timezone.now())
    events.record("user_logout", told)


def new_token(account: User) -> str:
    """Return the text of a new token; it is not kept and cannot be shown again."""
    _, text = AuthToken.objects.create(user=account)
    return str(text)


def token_login(text: str) -> AuthToken | None:
    """Return the login behind a token with its `user`, or nothing when it opens nothing.

    Found by its digest, so one query, whatever was sent. Expired ones are swept up elsewhere.
    """
    try:
        digest = hash_token(text)
    except UnicodeEncodeError:  # a lone surrogate: no token has one
        return None
    found: AuthToken | None = (
        AuthToken.objects.filter(_alive(), digest=digest, user__is_active=True)
        .select_related("user")
        .first()
    )
    return found


def is_logged_in(account: User, *, token_digest: str) -> bool:
    """Say whether a socket opened by this login may go on; an empty digest is a browser session."""
    if token_digest:
        alive = AuthToken.objects.filter(
            _alive(), digest=token_digest, user=account, user__is_active=True
        )
        return bool(alive.exists())
    return User.objects.filter(pk=account.pk, is_active=True).exists()


def _alive() -> Q:
    return Q(expiry__isnull=True) | Q(expiry__gt=timezone.now())
