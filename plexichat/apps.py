"""The shell as a Django app: its commands, and Celery bound to this process."""

from __future__ import annotations

from django.apps import AppConfig

from plexichat.celery import app


class PlexiChatConfig(AppConfig):
    """Makes our Celery app the one that tasks of every thread are sent with."""

    name = "plexichat"
    verbose_name = "PlexiChat"

    def ready(self) -> None:
        """Set the process-wide default; Celery itself remembers an app only per thread."""
        app.set_default()
