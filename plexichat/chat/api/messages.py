"""Calls about messages."""

from __future__ import annotations

from typing import Any

from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from plexichat.chat import pace, payloads, queries, services
from plexichat.chat.api import shapes
from plexichat.chat.api.base import ChatView, account_of, shaped
from plexichat.chat.api.describe import call


class Messages(ChatView):
    """What was said in a channel."""

    @call(
        "list_messages",
        "List a channel's messages, newest first",
        takes=shapes.PageWish,
        gives={200: shapes.MessagePage},
        refuses=(400, 401, 404),
    )
    def get(self, request: Request, channel_id: str) -> Response:
        """Show a page of them."""
        wish: dict[str, Any] = shaped(shapes.PageWish(data=request.query_params))
        page = queries.message_page(queries.channel(account_of(request), channel_id), **wish)
        listed = [payloads.message(said) for said in page.items]
        return Response({"messages": listed, "next_before": page.next_before})

    @call(
        "post_message",
        "Say something; plugins may change it, or block it (422)",
        takes=shapes.NewMessage,
        gives={201: shapes.MessageFacts},
        refuses=(400, 401, 403, 404, 422, 429, 503),
    )
    def post(self, request: Request, channel_id: str) -> Response:
        """Say it, and show what was stored."""
        author = account_of(request)
        pace.check(author.pk)
        wish: dict[str, Any] = shaped(shapes.NewMessage(data=request.data))
        said = services.post_message(author, channel_id, **wish)
        return Response(payloads.message(said), status.HTTP_201_CREATED)


class OneMessage(ChatView):
    """A message."""

    @call(
        "edit_message",
        "Edit one's own message; plugins are asked as when it was sent",
        takes=shapes.MessageChange,
        gives={200: shapes.MessageFacts},
        refuses=(400, 401, 403, 404, 422, 429, 503),
    )
    def patch(self, request: Request, message_id: str) -> Response:
        """Replace its words, and show what was stored."""
        editor = account_of(request)
        pace.check(editor.pk)
        wish: dict[str, Any] = shaped(shapes.MessageChange(data=request.data))
        said = services.edit_message(editor, message_id, **wish)
        return Response(payloads.message(said))

    @call(
        "delete_message",
        "Delete a message as its author or its channel's creator",
        takes=shapes.Deletion,
        gives={204: None},
        refuses=(400, 401, 403, 404),
    )
    def delete(self, request: Request, message_id: str) -> Response:
        """Take it back."""
        wish: dict[str, Any] = shaped(shapes.Deletion(data=request.data))
        services.delete_message(account_of(request), message_id, **wish)
        return Response(status=status.HTTP_204_NO_CONTENT)
