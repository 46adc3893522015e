"""The address of every plugin WebSocket; the shell mounts it after its own."""

from __future__ import annotations

from django.urls import re_path

from .consumer import PluginSocket

websocket_urlpatterns = [re_path(r"^ws/", PluginSocket.as_asgi())]
