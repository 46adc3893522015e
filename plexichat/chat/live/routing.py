"""The live socket's address."""

from __future__ import annotations

from django.urls import path

from plexichat.chat.live.consumer import ChatSocket

websocket_urlpatterns = [path("ws/chat", ChatSocket.as_asgi())]
