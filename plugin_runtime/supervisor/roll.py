"""The roll: which plugins answer calls on this node, for those that need them."""

from __future__ import annotations

import asyncio

from plugins_registry.queries import WantedPlugin


class Roll:
    """Kept by the keepers, and waited for by those whose plugin needs another."""

    def __init__(self) -> None:
        self._versions: dict[str, str] = {}
        self._waiting: set[asyncio.Future[None]] = set()

    def enter(self, plugin: str, version: str) -> None:
        """The plugin answers calls, in this release."""
        self._versions[plugin] = version
        self._tell()

    def strike(self, plugin: str) -> None:
        """The plugin answers no calls any more."""
        if self._versions.pop(plugin, None) is not None:
            self._tell()

    def lack(self, wanted: WantedPlugin) -> str:
        """What a plugin still has to wait for, in words; empty when it may start."""
        lacking = [
            need.text
            for need in wanted.needs
            if need.plugin not in self._versions or not need.is_met_by(self._versions[need.plugin])
        ]
        return f"waits for {', '.join(lacking)} to be active" if lacking else ""

    def change(self) -> asyncio.Future[None]:
        """Resolves when somebody enters or leaves from now on."""
        told: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(told)
        told.add_done_callback(self._waiting.discard)
        return told

    def _tell(self) -> None:
        for told in tuple(self._waiting):
            if not told.done():
                told.set_result(None)
