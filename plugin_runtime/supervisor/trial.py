"""The trial: a new release beside the old one, tried before any user meets it.

It starts in a sandbox of its own (its migrations run first, with the plugin's rights), runs its
own `self_test`, and is asked about messages that were posted lately, as the old one is. Only when
all of that went well does it take over. Whatever fails before leaves the old one where it was.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Awaitable
from typing import Any, Protocol

from plugin_runtime.conversations.conversation import Conversation, Stale
from plugin_runtime.exceptions import CallError, PluginFault
from plugins_registry import services
from plugins_registry.queries import Trial, WantedPlugin

from . import replay
from .database import Database
from .ending import StartFailed
from .sandbox import Sandbox

logger = logging.getLogger(__name__)

SELF_TEST_SECONDS = 30.0
#: How often a node says that it is still at it.
SIGN_SECONDS = 15.0


class TrialFailed(Exception):
    """The new release does not take over; the text says why."""


class Starts(Protocol):
    """How sandboxes come up and tables follow a release."""

    def start(self, wanted: WantedPlugin, *, on_trial: bool = False) -> Awaitable[Sandbox]:
        """Return a loaded sandbox, or raise `StartFailed`."""

    def settle_tables(self, wanted: WantedPlugin) -> Awaitable[None]:
        """Bring the plugin's tables back to what this release has."""


class Trials:
    """Carries out the trials of this node."""

    def __init__(self, starts: Starts, database: Database) -> None:
        self._starts = starts
        self._database = database
        self._node = socket.gethostname()[:64]

    async def carry_out(
        self, trial: Trial, *, running: WantedPlugin, serving: Sandbox
    ) -> Sandbox | None:
        """Return the new release's sandbox once it has been switched over to, else None.

        None also when another node carries the trial out.
        """
        run = self._database.run
        if not await run(services.claim_trial, trial.upgrade_id, self._node):
            return None
        signs = asyncio.create_task(self._give_signs(trial.upgrade_id))
        candidate: Sandbox | None = None
        try:
            candidate = await self._started(trial)
            await self._try(trial, candidate, serving)
            if not await run(services.switch_over, trial.upgrade_id):
                raise TrialFailed("the upgrade was called off")
        except TrialFailed as failed:
            await self._give_up(trial, running, candidate, str(failed))
            return None
        except BaseException:
            if candidate is not None:
                candidate.end("stopped: its trial was cut off")
            raise
        finally:
            signs.cancel()
        return candidate

    async def _started(self, trial: Trial) -> Sandbox:
        await self._report(trial, step="starting")
        try:
            return await self._starts.start(trial.candidate, on_trial=True)
        except StartFailed as error:
            await self._report(trial, stack=error.ending.stack)
            raise TrialFailed(f"it did not start: {error.ending.reason}") from error

    async def _try(self, trial: Trial, candidate: Sandbox, serving: Sandbox) -> None:
        await self._report(trial, step="self test")
        await self._report(trial, self_test=await self._self_test(candidate))
        await self._report(trial, step="replay")
        try:
            found = await replay.compare(serving, candidate)
        except CallError as error:
            raise TrialFailed(f"it was lost during the replay: {error}") from error
        await self._report(trial, replay=found.as_json(), step="switching over")
        if found.is_worse:
            raise TrialFailed(
                f"of {found.asked} recent messages it gave no usable answer to {found.new_errors}, "
                f"the old release to {found.old_errors}"
            )
        if candidate.ended.done():
            raise TrialFailed(f"it ended: {candidate.ended.result().reason}")

    async def _self_test(self, candidate: Sandbox) -> str:
        """Run the plugin's own test; it passes unless it raises or returns False."""
        conversation = Conversation(candidate.plugin, await candidate.introduce())
        deadline_ms, now = int(SELF_TEST_SECONDS * 1000), time.monotonic()
        question = ("self_test", "self_test", None, deadline_ms, 0, now)
        try:
            await asyncio.to_thread(conversation.call, *question)
        except PluginFault as fault:
            raise TrialFailed(f"its self test failed: {fault}") from fault
        except (CallError, Stale) as error:
            raise TrialFailed(f"its self test did not end: {error}") from error
        finally:
            conversation.close()
        return "passed"

    async def _give_up(
        self, trial: Trial, running: WantedPlugin, candidate: Sandbox | None, reason: str
    ) -> None:
        logger.warning("an upgrade was refused", extra={"plugin": running.name, "reason": reason})
        if candidate is not None:
            candidate.end("stopped: its trial failed")
            await candidate.ended
        try:
            await self._starts.settle_tables(running)
        except StartFailed as error:
            reason += f" (and its tables could not be taken back: {error.ending.reason})"
        await self._database.run(services.refuse_trial, trial.upgrade_id, reason)

    async def _report(self, trial: Trial, **news: Any) -> None:
        await self._database.run(services.report_trial, trial.upgrade_id, news)

    async def _give_signs(self, upgrade_id: int) -> None:
        while True:
            await asyncio.sleep(SIGN_SECONDS)
            await self._database.run(services.claim_trial, upgrade_id, self._node)
