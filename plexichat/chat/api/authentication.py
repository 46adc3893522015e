"""Who is calling: a bearer token, or a browser's session with its CSRF token."""

from __future__ import annotations

from knox.auth import TokenAuthentication
from knox.models import AuthToken
from rest_framework.exceptions import AuthenticationFailed

from plexichat.chat.models import User
from plexichat.chat.services import token_login


class BearerAuthentication(TokenAuthentication):
    """`Authorization: Bearer plx_…`.

    Knox's own way reads all tokens of a user at every request and fails on bytes that are no
    UTF-8; this is one query for whatever is sent.
    """

    def authenticate_credentials(self, token: bytes) -> tuple[User, AuthToken]:
        """Return the user and the login behind a token; raises `AuthenticationFailed`."""
        login = token_login(token.decode("latin-1"))
        if login is None:
            raise AuthenticationFailed("This token is unknown or has expired; log in again.")
        return login.user, login
