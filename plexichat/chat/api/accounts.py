"""Calls about oneself: register, log in and out, profile, socket ticket."""

from __future__ import annotations

from typing import Any

from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from plexichat.chat import payloads, services
from plexichat.chat.api import shapes
from plexichat.chat.api.base import ChatView, OpenChatView, account_of, login_of, shaped
from plexichat.chat.api.describe import call
from plexichat.chat.clients import client_of


class Register(OpenChatView):
    """Opening an account."""

    throttle_scope = "register"

    @call(
        "register",
        "Open an account",
        takes=shapes.Registration,
        gives={201: shapes.NewAccount},
        refuses=(400, 429),
    )
    def post(self, request: Request) -> Response:
        """Open an account and log it in."""
        wish: dict[str, Any] = shaped(shapes.Registration(data=request.data))
        account, token = services.register(**wish)
        return Response(payloads.user(account) | {"token": token}, status.HTTP_201_CREATED)


class Login(OpenChatView):
    """Logging in."""

    throttle_scope = "login"

    @call(
        "login",
        "Log in",
        takes=shapes.Credentials,
        gives={200: shapes.Login},
        refuses=(400, 401, 429),
    )
    def post(self, request: Request) -> Response:
        """Exchange name and password for a token."""
        wish: dict[str, Any] = shaped(shapes.Credentials(data=request.data))
        account, token = services.login(**wish, client=client_of(request.META))
        return Response(
            {"user_id": account.public_id, "username": account.username, "token": token}
        )


class Logout(ChatView):
    """Logging out."""

    @call(
        "logout",
        "End this login, its tickets and its live sockets",
        gives={204: None},
        refuses=(401,),
    )
    def post(self, request: Request) -> Response:
        """End the login whose token came along; nothing to end for a browser session."""
        if login := login_of(request):
            services.logout(login)
        return Response(status=status.HTTP_204_NO_CONTENT)


class Myself(ChatView):
    """One's own account."""

    @call("show_myself", "Show one's own account", gives={200: shapes.Account}, refuses=(401,))
    def get(self, request: Request) -> Response:
        """Show it."""
        return Response(payloads.user(account_of(request)))

    @call(
        "change_myself",
        "Change one's own account",
        takes=shapes.ProfileChange,
        gives={200: shapes.Account},
        refuses=(400, 401),
    )
    def patch(self, request: Request) -> Response:
        """Change what is named, and show it."""
        wish: dict[str, Any] = shaped(shapes.ProfileChange(data=request.data))
        return Response(payloads.user(services.update_profile(account_of(request), wish)))


class WebSocketTicket(ChatView):
    """The right to open a live socket without a header."""

    @call(
        "issue_socket_ticket",
        "Issue a ticket for one live socket",
        gives={200: shapes.Ticket},
        refuses=(401,),
    )
    def post(self, request: Request) -> Response:
        """Issue one."""
        ticket = services.issue_ticket(account_of(request), token=login_of(request))
        return Response({"ticket": ticket})
