"""Accounts: coming in, and saying who one is."""

from __future__ import annotations

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from plexichat.chat.exceptions import Invalid
from plexichat.chat.models import User
from plexichat.chat.services.logins import new_token

NAME_TAKEN = "A user with that username already exists."
#: What a user may change about themselves.
PROFILE_FIELDS = frozenset({"display_name", "email"})


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
    with transaction.atomic():
        account.save(update_fields=sorted(wanted))
    return account


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
