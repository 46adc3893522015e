"""Dialling: the first of several addresses that answers, before a deadline.

A new address is tried whenever the ones before have failed or have kept silent for a moment
(RFC 8305 in its simplest form), so that a broken IPv6 costs a quarter of a second.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
import time
from collections.abc import Sequence

from plugins_registry.addresses import Address

#: A silent address keeps the next one waiting for so long.
HEAD_START_SECONDS = 0.25
#: What the kernel holds for one direction of one connection, before it doubles it; set, because
#: left to itself it grows to several MiB that count towards nobody's memory.
BUFFER_BYTES = 256 * 1024


def dial(addresses: Sequence[Address], port: int, *, until: float) -> socket.socket:
    """Return a connected socket; raise the last address's `OSError`, or `TimeoutError`.

    `until` is a `time.monotonic()`.
    """
    attempts = _Attempts(port)
    try:
        for address in addresses:
            attempts.begin(address)
            if connected := attempts.wait(min(until, time.monotonic() + HEAD_START_SECONDS)):
                return connected
        while attempts.are_open:
            if connected := attempts.wait(until):
                return connected
            if time.monotonic() >= until:
                raise TimeoutError
        raise attempts.error
    finally:
        attempts.close()


class _Attempts:
    """Connections under way to the addresses of one host."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._open: dict[int, socket.socket] = {}
        self._poll = select.poll()
        self.error: OSError = OSError(errno.EHOSTUNREACH, os.strerror(errno.EHOSTUNREACH))

    @property
    def are_open(self) -> bool:
        """Whether any is still under way."""
        return bool(self._open)

    def begin(self, address: Address) -> None:
        """Start connecting to one more address."""
        family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
        try:
            attempt = socket.socket(family, socket.SOCK_STREAM)
        except OSError as error:  # a machine without IPv6
            self.error = error
            return
        attempt.setblocking(False)
        for buffer in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            attempt.setsockopt(socket.SOL_SOCKET, buffer, BUFFER_BYTES)
        number = attempt.connect_ex((str(address), self._port))
        if number not in (0, errno.EINPROGRESS):
            self.error = OSError(number, os.strerror(number))
            attempt.close()
            return
        self._open[attempt.fileno()] = attempt
        self._poll.register(attempt, select.POLLOUT)

    def wait(self, until: float) -> socket.socket | None:
        """Return the first that is connected; None when `until` came, or all have failed."""
        while self._open:
            left = until - time.monotonic()
            if left <= 0:
                return None
            for descriptor, _ in self._poll.poll(left * 1000):
                if connected := self._settled(descriptor):
                    return connected
        return None

    def close(self) -> None:
        """Give up what is still under way."""
        for attempt in self._open.values():
            with contextlib.suppress(OSError):
                attempt.close()

    def _settled(self, descriptor: int) -> socket.socket | None:
        attempt = self._open.pop(descriptor)
        self._poll.unregister(descriptor)
        number = attempt.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number == 0:
            attempt.setblocking(True)
            return attempt
        attempt.close()
        self.error = OSError(number, os.strerror(number))
        return None
