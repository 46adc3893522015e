"""What has expired and is swept away: login tokens, tickets and browser sessions."""

from __future__ import annotations

from django.contrib.sessions.models import Session
from django.utils import timezone

from plexichat.chat import services


def purge_expired() -> None:
    """Delete what nobody can use any more. Safe to repeat and to run twice at once."""
    services.purge_expired()
    Session.objects.filter(expire_date__lt=timezone.now()).delete()
