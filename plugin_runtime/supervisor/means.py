"""What the supervisor lends its keepers: starting, trying, watching, complaining."""

from __future__ import annotations

from collections.abc import Callable

from plugin_runtime.switchboard.protocol import Complaint
from plugins_registry.queries import Trial, WantedPlugin

from .complaints import Complaints
from .database import Database
from .launcher import Launcher
from .sandbox import Sandbox
from .trial import Trials
from .watching import Watch


class Means:
    """The means of this node, shared by all keepers."""

    def __init__(self, launcher: Launcher, database: Database, complaints: Complaints) -> None:
        self._launcher = launcher
        self._database = database
        self._complaints = complaints
        self.roll = launcher.roll
        self._trials = Trials(launcher, database)

    async def start(self, wanted: WantedPlugin) -> Sandbox:
        """Start the plugin in a sandbox of its own: loaded and accepted, or `StartFailed`."""
        return await self._launcher.start(wanted)

    async def offer_jobs(self, wanted: WantedPlugin, sandbox: Sandbox) -> None:
        """Let the plugin's jobs be those of this sandbox; or `StartFailed`."""
        await self._launcher.offer_jobs(wanted, sandbox)

    async def carry_out(
        self, trial: Trial, *, running: WantedPlugin, serving: Sandbox
    ) -> Sandbox | None:
        """Try another release beside the one that serves; return it once it takes over."""
        return await self._trials.carry_out(trial, running=running, serving=serving)

    def watch(self, upgrade_id: int, over: Callable[[], None]) -> Watch:
        """Watch a release that took over lately."""
        return Watch(upgrade_id, self._database, over=over)

    def complain(self, complaint: Complaint) -> None:
        """Pass on what an admin should see."""
        self._complaints.add(complaint)
