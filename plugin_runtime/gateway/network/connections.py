"""Connections of plugins: a duplicate of each stays here, to count it and to cut it.

The kernel counts the bytes of a connection; a thread, which lives while there is any, looks at
the counts, lets go of what has ended, and cuts what may not go on: because its grant was
withdrawn, the day's bytes are used up, or nothing has moved for long (the plugin has lost the
descriptor without saying so). The same thread writes the sums of the day into the registry.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import select
import socket
import struct
import sys
import termios
import threading
import time
from collections.abc import Iterable, Iterator

from django.db import Error, connections

from plugin_runtime.gateway import standing

from .accounts import Account
from .destinations import Destination, is_allowed

logger = logging.getLogger(__name__)

#: The pause between two looks; what a plugin can move meanwhile may go over its day's bytes.
LOOK_SECONDS = 0.25
#: Nothing moved for so long: given up. Longer than servers keep an idle connection.
IDLE_SECONDS = 15 * 60.0
#: How often the sums of the day are written into the registry.
KEEP_SECONDS = 5.0
_TCP_INFO_BYTES = 136
#: `tcpi_bytes_acked` and `tcpi_bytes_received`, there since Linux 4.1.
_COUNTS = struct.Struct("=120xQQ")


class Connection:
    """One connection that a plugin was given."""

    def __init__(self, plugin: str, destination: Destination, own: socket.socket) -> None:
        self.plugin = plugin
        self.destination = destination
        self._own = own
        self._lock = threading.Lock()
        self._counted = (0, 0)
        self._moved = time.monotonic()
        #: Whether we have ended it.
        self.is_cut = False

    def fileno(self) -> int:
        """Our duplicate's number; -1 once it was let go."""
        return self._own.fileno()

    def count(self) -> tuple[int, int]:
        """Return the bytes sent and received since the last time; may raise `OSError`."""
        with self._lock:
            if self._own.fileno() < 0:
                return 0, 0
            counted = _totals(self._own)
            news = (counted[0] - self._counted[0], counted[1] - self._counted[1])
            self._counted = counted
        if any(news):
            self._moved = time.monotonic()
        return news

    def is_idle(self) -> bool:
        """Whether nothing has moved for long."""
        return time.monotonic() - self._moved > IDLE_SECONDS

    def cut(self) -> None:
        """End it in both directions, wherever its descriptors are; harmless when it has ended."""
        self.is_cut = True
        with self._lock, contextlib.suppress(OSError):
            self._own.shutdown(socket.SHUT_RDWR)

    def let_go(self) -> None:
        """Close our duplicate."""
        with self._lock:
            self._own.close()


def _totals(connection: socket.socket) -> tuple[int, int]:
    """Return the bytes that the plugin has sent and the kernel received.

    What still waits in the kernel counts as sent: it goes out whatever the plugin does next.
    """
    waiting = fcntl.ioctl(connection, termios.TIOCOUTQ, bytes(4))
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_BYTES)
    acknowledged, received = _COUNTS.unpack_from(info)
    return acknowledged + int.from_bytes(waiting, sys.byteorder), received


class LineConnections:
    """What was handed over one line: it ends with the line."""

    def __init__(self) -> None:
        self._connections: list[Connection] = []

    def add(self, connection: Connection) -> None:
        """Remember one more."""
        self._connections = [known for known in self._connections if known.fileno() >= 0]
        self._connections.append(connection)

    def close(self) -> None:
        """Cut them all."""
        for connection in self._connections:
            connection.cut()


class Desk:
    """All connections that this process has given out."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: set[Connection] = set()
        self._accounts: dict[str, Account] = {}
        self._thread: threading.Thread | None = None
        self._listens = False

    def account_of(self, plugin: str) -> Account:
        """Return what a plugin has used."""
        with self._lock:
            return self._accounts.setdefault(plugin, Account(plugin))

    @contextlib.contextmanager
    def opening(self, plugin: str) -> Iterator[None]:
        """Take one connection off the plugin's account; back on when none comes of it.

        Raises the `Refusal` of the limit that it would go over.
        """
        account = self.account_of(plugin)
        if account.is_full:
            self._look(self.open_of(plugin), seconds=0)  # some may have ended a moment ago
        account.take()
        try:
            yield
        except BaseException:
            account.give_back()
            raise

    def add(self, plugin: str, destination: Destination, own: socket.socket) -> Connection:
        """Watch over a connection; its account has been charged by `opening`."""
        connection = Connection(plugin, destination, own)
        with self._lock:
            if not self._listens:
                standing.on_change(self.cut_what_was_withdrawn)
                self._listens = True
            self._open.add(connection)
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="network", daemon=True)
                self._thread.start()
        return connection

    @property
    def is_watching(self) -> bool:
        """Whether the thread that looks after connections lives."""
        return self._thread is not None

    def open_of(self, plugin: str) -> list[Connection]:
        """Return a plugin's open connections."""
        with self._lock:
            return [connection for connection in self._open if connection.plugin == plugin]

    def cut_what_was_withdrawn(self) -> None:
        """Cut every connection that no grant covers any more."""
        with self._lock:
            every = list(self._open)
        for connection in every:
            if not is_allowed(connection.plugin, connection.destination):
                connection.cut()

    def _watch(self) -> None:
        own = threading.current_thread()
        try:
            while self._thread is own:
                self._look_until(time.monotonic() + KEEP_SECONDS)
                self._keep_accounts()
                with self._lock:
                    if not self._open:
                        self._thread = None
        finally:
            with self._lock:
                if self._thread is own:
                    self._thread = None  # it failed; the next connection starts another

    def _look_until(self, until: float) -> None:
        while time.monotonic() < until:
            with self._lock:
                every = list(self._open)
            self._look(every, seconds=LOOK_SECONDS)

    def _look(self, every: Iterable[Connection], *, seconds: float) -> None:
        """Wait for an end so long at most, then attend to all of these; from any thread."""
        poll = select.poll()
        for connection in every:
            if (number := connection.fileno()) >= 0:
                poll.register(number, 0)  # its end is reported all the same
        ended = {number for number, _ in poll.poll(seconds * 1000)}
        for connection in every:
            self._attend(connection, has_ended=connection.fileno() in ended)

    def _attend(self, connection: Connection, *, has_ended: bool) -> None:
        account = self.account_of(connection.plugin)
        try:
            is_within = account.note(*connection.count())
        except OSError:
            logger.exception("a plugin's connection cannot be counted, so it is cut")
            is_within = False
        if has_ended:
            self._let_go(connection, account)
        elif not is_within or connection.is_idle():
            connection.cut()

    def _let_go(self, connection: Connection, account: Account) -> None:
        with self._lock:
            if connection not in self._open:
                return  # another thread was first
            self._open.discard(connection)
            account.give_back()
        connection.let_go()

    def _keep_accounts(self) -> None:
        with self._lock:
            accounts = list(self._accounts.values())
        try:
            for account in accounts:
                account.keep()
        except Error:
            logger.exception("what plugins moved over the network could not be written")
        finally:
            connections.close_all()


desk = Desk()
