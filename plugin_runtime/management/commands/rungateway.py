"""`manage.py rungateway`: the gateway's process; started by `runplugins`, not by people."""

from __future__ import annotations

import signal
import socket
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from plugin_runtime.gateway.process import serve


class Command(BaseCommand):
    """Answers plugins' questions on the lines that the supervisor hands in."""

    help = "Answer plugins' questions. Started by `runplugins`."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the inherited socket."""
        parser.add_argument("descriptor", type=int, help="the socket to the supervisor")

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve until the supervisor closes its side; signals are the supervisor's business."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        with socket.socket(fileno=options["descriptor"]) as line:
            serve(line)
