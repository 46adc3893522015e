"""The one application every server runs: HTTP on threads, WebSockets on the event loop."""

from __future__ import annotations

from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.urls import re_path

# First: it sets Django up, which everything imported below relies on.
from plexichat.wsgi import application as wsgi_application  # isort: skip
from plexichat.chat.live.publisher import use_loop
from plexichat.chat.live.routing import websocket_urlpatterns as chat_sockets
from plexichat.serving.bridge import HttpBridge
from plexichat.serving.entrance import Entrance
from plexichat.serving.origin import TrustedOrigins
from plugin_runtime.mounts.routing import websocket_urlpatterns as plugin_sockets

http = HttpBridge(
    wsgi_application,
    threads=settings.PLEXICHAT_HTTP_THREADS,
    body_bytes=settings.PLEXICHAT_BODY_BYTES,
)
_nowhere = re_path("", WebsocketDenier.as_asgi())
_websocket = TrustedOrigins(
    URLRouter([*chat_sockets, *plugin_sockets, _nowhere]),
    hosts=settings.ALLOWED_HOSTS,
    origins=settings.CSRF_TRUSTED_ORIGINS,
)
application = Entrance(
    ProtocolTypeRouter({"http": http, "websocket": _websocket}), on_loop=use_loop
)
