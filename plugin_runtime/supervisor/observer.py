"""Writing what is observed, without ever holding a plugin up.

The latest observation of each plugin waits here until the database has taken it; an unreachable
database delays what admins see and nothing else.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from django.db import Error as DatabaseError

from plugins_registry import services
from plugins_registry.states import State

from .database import Database

logger = logging.getLogger(__name__)

RETRY_SECONDS = 1.0


class Observer:
    """A map of unwritten observations and the task that writes them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._unwritten: dict[str, dict[str, Any]] = {}
        self._is_due = asyncio.Event()
        self._is_written = asyncio.Event()
        self._is_written.set()

    def note(self, plugin: str, state: State, reason: str = "", **facts: Any) -> None:
        """Remember the plugin's newest state; `facts` are those of `services.observe`."""
        logger.info("plugin %s", state.value, extra={"plugin": plugin, "reason": reason})
        self._unwritten[plugin] = {"state": state, "reason": reason, **facts}
        self._is_written.clear()
        self._is_due.set()

    async def written(self) -> None:
        """Wait until everything noted so far is in the database."""
        await self._is_written.wait()

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            await self._is_due.wait()
            self._is_due.clear()
            await self._write_all()

    async def _write_all(self) -> None:
        while self._unwritten:
            plugin, facts = next(iter(self._unwritten.items()))
            try:
                await self._database.run(services.observe, plugin, **facts)
            except DatabaseError:
                logger.exception("an observation could not be written", extra={"plugin": plugin})
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if self._unwritten.get(plugin) is facts:  # nothing newer came meanwhile
                del self._unwritten[plugin]
        self._is_written.set()
