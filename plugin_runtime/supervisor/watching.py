"""The watch: whether a release that took over does worse than the one before it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from django.db import Error as DatabaseError

from plugins_registry import services
from plugins_registry.states import WatchVerdict

from .database import Database
from .ending import Ending

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


class Guard:
    """The watch that one plugin is under, if it is under any."""

    def __init__(self, begin: Callable[[int], Watch]) -> None:
        self._begin = begin
        self._watch: Watch | None = None

    def follow(self, upgrade_id: int | None) -> None:
        """Watch the release that came by this upgrade; None watches nothing."""
        if self._watch is not None and self._watch.upgrade_id != upgrade_id:
            self.stop()
        if upgrade_id is not None and self._watch is None:
            self._watch = self._begin(upgrade_id)

    async def take_back(self, ending: Ending) -> bool:
        """Return from a watched release that failed; False when there is nowhere to return to."""
        watch = self._watch
        self.stop()
        return watch is not None and ending.is_failure and await watch.take_back(ending.reason)

    def stop(self) -> None:
        """Watch no longer; whoever comes next may go on."""
        if self._watch is not None:
            self._watch.stop()
            self._watch = None
