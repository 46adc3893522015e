"""The chat's place among Django's apps."""

from __future__ import annotations

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in, user_logged_out


class ChatConfig(AppConfig):
    """Users, channels and messages."""

    name = "plexichat.chat"
    label = "chat"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Hear of browser sessions that begin and end in Django's own views."""
        # Needs the models, which may be imported only now.
        from plexichat.chat.services import sessions

        user_logged_in.connect(sessions.begun, dispatch_uid="plexichat.chat.sessions")
        user_logged_out.connect(sessions.ended, dispatch_uid="plexichat.chat.sessions")
