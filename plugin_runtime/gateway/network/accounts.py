"""Accounts: what one plugin has used of the network, and how much of it it may."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Self

from django.db import Error

from plexichat_plugin_sdk._wire import codes
from plugin_runtime.conf import conf
from plugin_runtime.gateway.budget import Budget
from plugin_runtime.gateway.refusal import Refusal
from plugins_registry import queries, services

#: So many connections may be begun at once before the average counts.
BURST = 32.0


@dataclass
class _Unkept:
    """What the registry does not know yet."""

    connections: int = 0
    sent: int = 0
    received: int = 0

    def __iadd__(self, other: _Unkept) -> Self:
        self.connections += other.connections
        self.sent += other.sent
        self.received += other.received
        return self


class Account:
    """One plugin's connections in this process, and its bytes; safe for threads."""

    def __init__(self, plugin: str) -> None:
        self.plugin = plugin
        self._lock = threading.Lock()
        per_minute = conf.plugin_connections_per_minute
        self._budget = Budget(per_second=per_minute / 60, at_once=max(1.0, min(BURST, per_minute)))
        self._open = 0
        self._day: date | None = None
        #: Bytes of the day as far as known: of all nodes when last read, of this one since.
        self._used = 0
        self._unkept = _Unkept()

    @property
    def used(self) -> int:
        """The bytes of this day."""
        return self._used

    @property
    def is_full(self) -> bool:
        """Whether as many connections are open as may be."""
        return self._open >= conf.plugin_connections

    def take(self) -> None:
        """Take one connection; raise the `Refusal` of the limit that it would go over."""
        with self._lock:
            if self._day != _today():
                self._begin_day(queries.bytes_moved(self.plugin, _today()))
            if self._used >= conf.plugin_network_bytes_per_day:
                raise _over(
                    f"{conf.plugin_network_bytes_per_day} bytes a day, and they are used up "
                    "until midnight UTC"
                )
            if self.is_full:
                raise _over(f"{conf.plugin_connections} connections at a time; close one first")
            if not self._budget.take():
                raise _over(
                    f"{conf.plugin_connections_per_minute} new connections a minute; keep them "
                    "open for the next request, or ask less often"
                )
            self._open += 1
            self._unkept.connections += 1

    def give_back(self) -> None:
        """One connection has ended."""
        with self._lock:
            self._open -= 1

    def note(self, sent: int, received: int) -> bool:
        """Count bytes; return whether the plugin may go on."""
        with self._lock:
            if self._day != _today():
                self._begin_day(0)  # what other nodes have counted is learnt when it is kept
            self._used += sent + received
            self._unkept.sent += sent
            self._unkept.received += received
            return self._used < conf.plugin_network_bytes_per_day

    def keep(self) -> None:
        """Write what is new into the registry, and learn what other nodes have written.

        Raises `django.db.Error`; nothing is lost then.
        """
        with self._lock:
            day, unkept, self._unkept = self._day, self._unkept, _Unkept()
        if day is None or unkept == _Unkept():
            return
        try:
            services.note_traffic(self.plugin, day, **vars(unkept))
            known = queries.bytes_moved(self.plugin, day)
        except Error:
            with self._lock:
                self._unkept += unkept
            raise
        with self._lock:
            if day == self._day:
                self._used = known + self._unkept.sent + self._unkept.received

    def _begin_day(self, used: int) -> None:
        """Begin a new page; what the old one had not kept yet is kept as the new one's."""
        self._day, self._used = _today(), used


def _over(limit: str) -> Refusal:
    return Refusal(codes.LIMIT_REACHED, f"a plugin may have {limit}")


def _today() -> date:
    return datetime.now(UTC).date()
