"""One plugin's connections in this process: few, made when needed, closed when spare."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from plugin_runtime.gateway.database.store import DatabaseRefusal
from plugins_registry import services

from . import provision, views
from .limits import Limits
from .link import Link
from .quota import Quota
from .server import Connection, connect

logger = logging.getLogger(__name__)

#: How long a login that was refused is not tried to be made possible again.
REPAIR_SECONDS = 10.0
_PROBLEM = "database"
_NO_LOGIN = (
    "PostgreSQL refuses the login of this plugin's role. In pg_hba.conf, let the roles that begin "
    "with plexichat_ log in from this machine with a password (scram-sha-256)."
)


class Pool:
    """Lends connections; safe for all threads."""

    def __init__(self, plugin: str, limits: Limits) -> None:
        self._plugin = plugin
        self._limits = limits
        self._free = threading.Condition()
        self._spare: list[Link] = []
        self._lent = 0
        self._making = threading.Lock()
        self._is_provided = False
        self._granted: frozenset[str] | None = None
        self._next_repair = 0.0
        self._is_retired = False
        self.quota = Quota()

    def take(self) -> Link:
        """Return a connection, waiting for one if all are lent; raise `DatabaseRefusal`."""
        with self._free:
            if not self._free.wait_for(self._has_room, self._limits.wait_seconds):
                raise DatabaseRefusal(
                    "OperationalError",
                    f"all {self._limits.connections} connections of the plugin are in use",
                )
            self._lent += 1
            link = self._spare.pop() if self._spare else None
        try:
            if link is not None and self._still_works(link):
                return link
            return Link(self.connect(self._limits.statement_seconds))
        except BaseException:
            self._returned()
            raise

    def give_back(self, link: Link) -> None:
        """Take a connection back; one that was closed makes room for another."""
        link.spare_since = time.monotonic()
        self._returned(link if link.is_open else None)

    def connect(self, seconds: float, *, lock_seconds: float = 5.0) -> Connection:
        """Open a connection that the pool does not count; raise `DatabaseRefusal`."""
        with self._told():
            self._provide()
            return self._connected(seconds, lock_seconds)

    def use_grants(self, grants: frozenset[str]) -> None:
        """Open the core's views that these grants open, and no others; raise `DatabaseRefusal`."""
        granted = grants & views.capabilities()
        if granted == self._granted:
            return
        with self._told(), self._making:
            self._make_sure_of_role()
            provision.grant(self._plugin, granted)
            self._granted = granted

    def retire(self) -> None:
        """Close what is spare, and whatever comes back from now on."""
        with self._free:
            self._is_retired = True
        self.close_spare()

    def forget(self) -> None:
        """Take nothing of what the server holds for granted any more."""
        with self._making:
            self._is_provided, self._granted = False, None

    def close_spare(self, *, older_than: float = 0.0) -> int:
        """Close those that nobody used for so many seconds; return how many are left."""
        before = time.monotonic() - older_than
        with self._free:
            old = [link for link in self._spare if link.spare_since <= before]
            self._spare = [link for link in self._spare if link.spare_since > before]
            left = len(self._spare)
        for link in old:
            link.close()
        return left

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Tell the admins why there is no database now, and the plugin only that there is none."""
        try:
            yield
        except provision.Impossible as why:
            services.raise_problem(self._plugin, _PROBLEM, f"no database for this plugin: {why}")
            raise _not_now() from why
        except psycopg.Error as error:
            facts = {"plugin": self._plugin}
            logger.warning("no connection to a plugin's database", exc_info=True, extra=facts)
            raise _not_now() from error

    def _has_room(self) -> bool:
        return self._lent < self._limits.connections

    def _returned(self, link: Link | None = None) -> None:
        with self._free:
            self._lent -= 1
            if link is not None and not self._is_retired:
                self._spare.append(link)
                link = None
            self._free.notify()
        if link is not None:
            link.close()

    def _still_works(self, link: Link) -> bool:
        try:
            link.settle(self._limits.statement_seconds)
        except DatabaseRefusal:
            link.close()  # the server ended it meanwhile, or restarted
        return link.is_open

    def _connected(self, seconds: float, lock_seconds: float) -> Connection:
        try:
            return connect(self._plugin, self._limits, seconds=seconds, lock_seconds=lock_seconds)
        except psycopg.OperationalError:
            if time.monotonic() < self._next_repair:
                raise
        # Perhaps the role was removed beside us, or the server's keys were changed since.
        self._next_repair = time.monotonic() + REPAIR_SECONDS
        self.forget()
        self._provide()
        try:
            return connect(self._plugin, self._limits, seconds=seconds, lock_seconds=lock_seconds)
        except psycopg.OperationalError as error:
            services.raise_problem(self._plugin, _PROBLEM, f"{_NO_LOGIN} It said: {error}")
            raise

    def _provide(self) -> None:
        with self._making:
            self._make_sure_of_role()

    def _make_sure_of_role(self) -> None:
        if not self._is_provided:
            provision.provide(self._plugin, self._limits)
            self._is_provided = True


def _not_now() -> DatabaseRefusal:
    return DatabaseRefusal(
        "OperationalError", "the plugin's database could not be opened; try again later"
    )
