"""`manage.py run`: the whole platform in one process, ready to use."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from plexichat import metrics
from plexichat.serving import home, host, preparation
from plexichat.serving.server import STOP_SIGNALS, Address, AddressTaken


class Command(BaseCommand):
    """Prepares what is missing, serves, and stops everything on Ctrl-C or SIGTERM."""

    help = "Run the whole platform in this process. PORT and PLEXICHAT_HOME may be set."
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        """Take where to listen."""
        parser.add_argument("--host", default=os.environ.get("HOST", "127.0.0.1"))
        parser.add_argument("--port", type=int, default=os.environ.get("PORT", "8000"))

    def handle(self, *args: Any, **options: Any) -> None:
        """Refuse what cannot work before anything is started; then run to the end."""
        address = Address(host=options["host"], port=options["port"])
        for number in STOP_SIGNALS:
            # Until the server takes over: leave through every `finally`, not in mid-air.
            signal.signal(number, lambda *_: sys.exit(0))
        try:
            address.check()
            home.make(settings.PLEXICHAT_HOME)
            with home.taken(settings.PLEXICHAT_HOME):
                self._run(address)
        except (AddressTaken, home.HomeTaken, metrics.CannotListen) as refusal:
            raise CommandError(str(refusal)) from refusal

    def _run(self, address: Address) -> None:
        password = self._prepare()
        metrics.listen(settings.PLEXICHAT_METRICS_ADDRESS)

        def ready(url: str, isolation: str) -> None:
            self._welcome(url, isolation, password)

        if not host.run(address, on_ready=ready):
            raise CommandError(f"{address.host}:{address.port} was taken in the last moment.")
        self._say("Stopped.")

    def _prepare(self) -> str | None:
        if preparation.prepare_database():
            self._say("The database is up to date.")
        password = preparation.create_first_admin(os.environ.get("PLEXICHAT_ADMIN_PASSWORD", ""))
        preparation.install_bundled_plugins()
        return password

    def _welcome(self, url: str, isolation: str, password: str | None) -> None:
        login = f"user {preparation.ADMIN_NAME}"
        if password:
            login += f", password {password} (shown this once)"
        lines = (
            f"PlexiChat serves at {url}",
            f"  chat API   {url}/api/v1/    described at {url}/api/v1/docs",
            f"  admin      {url}/admin/    {login}",
            f"  plugins    {isolation}",
            f"  data       {settings.PLEXICHAT_HOME}",
            "Ctrl-C stops everything.",
        )
        self._say("\n".join(lines))

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()  # a pipe would otherwise keep it until the end
