"""Accounts: coming in, and saying who one is."""

from __future__ import annotations

from collections.abc import Iterator, Set
from contextlib import contextmanager
from functools import partial

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from plexichat.chat import event_payloads, events
from plexichat.chat.exceptions import Invalid
from plexichat.chat.models import User
from plexichat.chat.services.logins import new_token

NAME_TAKEN = "A user with that username already exists."
#: What a user may change about themselves.
PROFILE_FIELDS = frozenset({"display_name", "email"})
#: Of which fields `user_profile_updated` tells: who somebody is, never their password or rights.
TOLD_FIELDS = PROFILE_FIELDS | {"first_name", "last_name", "username"}


def register(username: str, *, email: str, password: str) -> tuple[User, str]:
    """Open an account and log it in; returns it with its token.

    Raises `Invalid` with everything that is wrong with name, address and password.
    """
    account = User(username=User.normalize_username(username), email=email)
    _check_new(account, password)
    # Hashing takes a good part of a second on purpose: not while the database waits.
    account.set_password(password)
    try:
        with transaction.atomic():
            account.save(force_insert=True)
            events.record("user_registered", partial(event_payloads.user_registered, account))
            return account, new_token(account)
    except IntegrityError as error:
        # Someone took the name between the check and the insert.
        raise Invalid({"username": [NAME_TAKEN]}) from error


def update_profile(account: User, changes: dict[str, str]) -> User:
    """Change `display_name` and `email`; raises `Invalid` when a value does not fit."""
    wanted = {name: value for name, value in changes.items() if name in PROFILE_FIELDS}
    for name, value in wanted.items():
        setattr(account, name, value)
    untouched = {field.name for field in User._meta.fields} - wanted.keys()
    if errors := _field_errors(account, exclude=untouched):
        raise Invalid(errors)
    if wanted:
        with profile_change(account, fields=wanted.keys()):
            account.save(update_fields=sorted(wanted))
    return account


@contextmanager
def profile_change(account: User, *, fields: Set[str] = TOLD_FIELDS) -> Iterator[None]:
    """Save an account inside; in the same transaction it is recorded what of `fields` changed.

    Compared is with the row and not with what the account once held, and nobody changes the row
    in between: old and new values of two changes at once follow each other.
    """
    with transaction.atomic():
        old = User.objects.select_for_update().values(*fields).get(pk=account.pk)
        yield
        if changed := [name for name in fields if old[name] != getattr(account, name)]:
            events.record(
                "user_profile_updated",
                partial(
                    event_payloads.user_profile_updated,
                    account,
                    fields=changed,
                    old=old,
                    at=timezone.now(),
                ),
            )


def _check_new(account: User, password: str) -> None:
    errors = _field_errors(account, exclude={"password"})
    # The same name in another case is a broken constraint, which Django files under no field.
    if "__all__" in errors:
        errors.setdefault("username", []).extend(errors.pop("__all__"))
    try:
        validate_password(password, account)
    except ValidationError as error:
        errors["password"] = list(error.messages)
    if errors:
        raise Invalid(errors)


def _field_errors(account: User, *, exclude: set[str]) -> dict[str, list[str]]:
    try:
        account.full_clean(exclude=exclude)
    except ValidationError as error:
        return {name: list(problems) for name, problems in error.message_dict.items()}
    return {}
