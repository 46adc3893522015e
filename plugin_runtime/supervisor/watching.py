"""The watch: whether a release that took over does worse than the one before it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from django.db import Error as DatabaseError

from plugins_registry import services
from plugins_registry.states import WatchVerdict

from .database import Database

logger = logging.getLogger(__name__)

LOOK_SECONDS = 2.0


class Watch:
    """Looks at one upgrade until it is concluded or taken back."""

    def __init__(self, upgrade_id: int, database: Database, *, over: Callable[[], None]) -> None:
        self.upgrade_id = upgrade_id
        self._database = database
        self._over = over
        self._task = asyncio.create_task(self._look())

    def stop(self) -> None:
        """Stop looking; whoever comes next looks again."""
        self._task.cancel()

    async def take_back(self, reason: str) -> bool:
        """Return to the old release; False when there is none to return to."""
        return await self._database.run(services.take_back, self.upgrade_id, reason)

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                verdict, reason = await self._database.run(services.judge_watched, self.upgrade_id)
                if verdict == WatchVerdict.GOOD:
                    await self._database.run(services.conclude_watch, self.upgrade_id)
                elif verdict == WatchVerdict.WORSE:
                    await self.take_back(reason)
            except DatabaseError:
                logger.exception("a watched release could not be judged; it is tried again")
                continue
            if verdict != WatchVerdict.OPEN:
                self._over()
                return
