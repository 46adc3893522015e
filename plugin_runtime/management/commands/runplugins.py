"""`manage.py runplugins`: the supervisor as a process of its own."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

from django.core.management.base import BaseCommand

from plugin_runtime.gateway import GatewayProcess
from plugin_runtime.supervisor.supervisor import Supervisor


class Command(BaseCommand):
    """Runs this node's plugins until it is told to stop (SIGINT or SIGTERM)."""

    help = "Run this node's plugins, each in its sandbox, until stopped."

    def handle(self, *args: Any, **options: Any) -> None:
        """Supervise; returns after every plugin has been stopped."""
        asyncio.run(self._supervise())

    async def _supervise(self) -> None:
        gateway, until, ready = GatewayProcess(), asyncio.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, until.set)
        supervisor = Supervisor(gateway)
        announcing = asyncio.create_task(self._announce(supervisor, ready))
        try:
            await supervisor.run(until=until, ready=ready)
        finally:
            announcing.cancel()
            gateway.close()

    async def _announce(self, supervisor: Supervisor, ready: asyncio.Event) -> None:
        await ready.wait()
        self.stdout.write(supervisor.isolation)
        self.stdout.flush()
