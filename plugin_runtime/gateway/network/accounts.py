"""Accounts: what one plugin has used of the network, and how much of it it may."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime

from plexichat_plugin_sdk._wire import codes
from plugin_runtime.conf import conf
from plugin_runtime.gateway.budget import Budget
from plugin_runtime.gateway.refusal import Refusal


class Account:
    """One plugin's connections and bytes in this process; safe for threads."""

    def __init__(self, plugin: str) -> None:
        self.plugin = plugin
        self._lock = threading.Lock()
        most = conf.plugin_connections
        self._budget = Budget(
            per_second=conf.plugin_connections_per_minute / 60, at_once=float(most)
        )
        self._open = 0
        self._day = _today()
        self._used = 0

    @property
    def used(self) -> int:
        """The bytes of this day."""
        return self._used

    def take(self) -> None:
        """Take one connection; raise the `Refusal` of the limit that it would go over."""
        with self._lock:
            self._turn_page()
            if self._used >= conf.plugin_network_bytes_per_day:
                raise _over(
                    f"{conf.plugin_network_bytes_per_day} bytes a day, and they are used up "
                    "until midnight UTC"
                )
            if self._open >= conf.plugin_connections:
                raise _over(f"{conf.plugin_connections} connections at a time; close one first")
            if not self._budget.take():
                raise _over(
                    f"{conf.plugin_connections_per_minute} new connections a minute; keep them "
                    "open for the next request, or ask less often"
                )
            self._open += 1

    def give_back(self) -> None:
        """One connection has ended."""
        with self._lock:
            self._open -= 1

    def note(self, sent: int, received: int) -> bool:
        """Count bytes; return whether the plugin may go on."""
        with self._lock:
            self._turn_page()
            self._used += sent + received
            return self._used < conf.plugin_network_bytes_per_day

    def _turn_page(self) -> None:
        if self._day != _today():
            self._day, self._used = _today(), 0


def _over(limit: str) -> Refusal:
    return Refusal(codes.LIMIT_REACHED, f"a plugin may have {limit}")


def _today() -> date:
    return datetime.now(UTC).date()
