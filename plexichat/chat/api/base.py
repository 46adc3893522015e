"""What all chat views share."""

from __future__ import annotations

from typing import TypeVar, cast

from knox.models import AuthToken
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from plexichat.chat.api.authentication import BearerAuthentication
from plexichat.chat.api.bodies import BoundedJSONParser
from plexichat.chat.api.throttling import ScopedThrottle
from plexichat.chat.models import User

Shape = TypeVar("Shape", bound="Serializer[object]")


class ChatView(APIView):
    """A view for users who are logged in, JSON in and out."""

    authentication_classes = [BearerAuthentication, SessionAuthentication]
    permission_classes = [IsAuthenticated]
    parser_classes = [BoundedJSONParser]
    renderer_classes = [JSONRenderer]
    # Counts only where a view names its `throttle_scope`.
    throttle_classes = [ScopedThrottle]


class OpenChatView(ChatView):
    """A view for everyone; a stale token someone sends along does no harm."""

    authentication_classes = []
    permission_classes = []


def account_of(request: Request) -> User:
    """Return the user who asks; `ChatView` let nobody else through."""
    return cast(User, request.user)


def login_of(request: Request) -> AuthToken | None:
    """Return the token's login, or nothing for a browser session."""
    return request.auth if isinstance(request.auth, AuthToken) else None


def shaped(shape: Shape) -> dict[str, object]:
    """Return what a serializer read; raises DRF's `ValidationError` when the shape is wrong."""
    shape.is_valid(raise_exception=True)
    return dict(shape.validated_data)
