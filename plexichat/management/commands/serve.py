"""`manage.py serve`: one web process of a production arrangement."""

from __future__ import annotations

import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from plexichat import metrics
from plexichat.serving.server import Address, AddressTaken, WebServer


class Command(BaseCommand):
    """Serves HTTP and WebSockets only; worker, beat and supervisor are processes of their own."""

    help = "Serve HTTP and WebSockets; start as many of these as you like."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take where to listen."""
        parser.add_argument("--host", default=os.environ.get("HOST", "127.0.0.1"))
        parser.add_argument("--port", type=int, default=os.environ.get("PORT", "8000"))

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve until a stop signal."""
        address = Address(host=options["host"], port=options["port"])
        try:
            address.check()
            metrics.listen(settings.PLEXICHAT_METRICS_ADDRESS)
        except (AddressTaken, metrics.CannotListen) as refusal:
            raise CommandError(str(refusal)) from refusal
        if not WebServer(address, on_ready=self._welcome).run():
            raise CommandError(f"{address.host}:{address.port} was taken in the last moment.")

    def _welcome(self, url: str) -> None:
        self.stdout.write(f"PlexiChat serves at {url}")
        self.stdout.flush()
