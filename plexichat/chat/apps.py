"""The chat's place among Django's apps."""

from __future__ import annotations

from django.apps import AppConfig


class ChatConfig(AppConfig):
    """Users, channels and messages."""

    name = "plexichat.chat"
    label = "chat"
    default_auto_field = "django.db.models.BigAutoField"
