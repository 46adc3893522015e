"""Descriptors: what stands in a socket's place until the host has connected it.

A socket that is not connected yet has one end of a socket pair, whose number the connection takes
over later, so that whoever remembers the number meets the right thing. While a non-blocking
socket is being connected its place is held by an event counter that is full: it becomes writable,
as a connecting socket does, once the outcome is known.
"""

from __future__ import annotations

import _socket
import contextlib
import errno
import os
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

_FULL = (1 << 64) - 2
Option = tuple[int, int, int | bytes]


@dataclass
class Unconnected:
    """A socket that is not connected, by the identity of what holds its place."""

    inode: tuple[int, int]
    #: Set before there is a connection to set them on.
    options: list[Option] = field(default_factory=list)
    attempt: Attempt | None = None


class Attempt:
    """A connection that is being made for a non-blocking socket."""

    def __init__(self, connect: Callable[[], int]) -> None:
        self._lock = threading.Lock()
        self._connect = connect
        self._is_given_up = False
        self._counter = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        os.eventfd_write(self._counter, _FULL)
        self._descriptor = -1
        self._error: BaseException | None = None
        self.is_settled = False

    def begin(self, number: int) -> None:
        """Take a socket's place, and connect in a thread."""
        os.dup2(self._counter, number, inheritable=False)
        threading.Thread(target=self._run, name="connect", daemon=True).start()

    def outcome(self) -> int:
        """Return the connected descriptor, which is the caller's, or raise why there is none."""
        if self._error is not None:
            raise self._error
        descriptor, self._descriptor = self._descriptor, -1
        return descriptor

    def give_up(self) -> None:
        """The socket was closed; nobody will ask for the outcome."""
        with self._lock:
            self._is_given_up = True
            if self._descriptor >= 0:
                hang_up(self._descriptor)
                self._descriptor = -1

    def _run(self) -> None:
        try:
            found = self._connect()
        except BaseException as error:  # a wall: raised where the plugin looks for it
            self._error, found = error, -1
        with self._lock:
            if self._is_given_up and found >= 0:
                hang_up(found)
            else:
                self._descriptor = found
            self.is_settled = True
        os.eventfd_read(self._counter)  # it is empty, so writable
        os.close(self._counter)


_lock = threading.Lock()
_unconnected: dict[int, Unconnected] = {}


def make() -> int:
    """Return a fresh descriptor that stands for an unconnected socket."""
    ours, theirs = socket.socketpair()
    theirs.close()
    number = ours.detach()
    with _lock:
        _unconnected[number] = Unconnected(_identity(number))
    return number


def find(number: int) -> Unconnected | None:
    """Return what stands at a number, if that is an unconnected socket."""
    with _lock:
        found = _unconnected.get(number)
    if found is None or number < 0:
        return None
    with contextlib.suppress(OSError):
        if _identity(number) == found.inode:
            return found
    forget(number)  # closed behind our back, and the number has come to mean something else
    return None


def connect_later(number: int, unconnected: Unconnected, connect: Callable[[], int]) -> None:
    """Connect in a thread; the number becomes writable when the outcome is known."""
    unconnected.attempt = Attempt(connect)
    unconnected.attempt.begin(number)
    unconnected.inode = _identity(number)


def settle(number: int, unconnected: Unconnected, *, is_blocking: bool) -> bool:
    """Put the connection in its place when it has been made; raise why it was not.

    Returns whether there is one now.
    """
    attempt = unconnected.attempt
    if attempt is None or not attempt.is_settled:
        return False
    unconnected.attempt = None
    replace(number, attempt.outcome(), is_blocking=is_blocking)
    return True


def replace(number: int, connected: int, *, is_blocking: bool) -> None:
    """Let a socket's number mean its connection from now on."""
    os.set_blocking(connected, is_blocking)
    os.dup2(connected, number, inheritable=False)
    os.close(connected)
    forget(number)


def forget(number: int) -> None:
    """Drop what is known about a number; an attempt under way comes to nothing."""
    with _lock:
        found = _unconnected.pop(number, None)
    if found is not None and found.attempt is not None:
        found.attempt.give_up()


def hang_up(descriptor: int) -> None:
    """End a connection that nobody will use, for the host too, which holds a duplicate."""
    connection = _socket.socket(fileno=descriptor)
    with contextlib.suppress(OSError):  # over already
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


def identity_of(number: int) -> tuple[int, int] | None:
    """Return what a number means at the moment; None for one that is closed."""
    try:
        return _identity(number)
    except OSError as error:
        if error.errno == errno.EBADF:
            return None
        raise


def _identity(number: int) -> tuple[int, int]:
    status = os.fstat(number)
    return status.st_dev, status.st_ino
