"""The control line: frames from the supervisor, some with a descriptor beside them."""

from __future__ import annotations

import collections
import os
import socket
import threading

import msgspec

from plexichat_plugin_sdk._wire.control import Line, ToSandbox
from plexichat_plugin_sdk._wire.framing import Framed

_MOST_DESCRIPTORS = 16  # per receive; the supervisor sends one per frame


class ControlLine(Framed[ToSandbox]):
    """Reads on one thread, writes from any.

    The kernel delivers descriptors with the bytes they were sent beside, in order, so each
    `Line` frame takes the oldest descriptor that is waiting.
    """

    def __init__(self, connection: socket.socket) -> None:
        super().__init__(connection, ToSandbox)
        self._descriptors: collections.deque[int] = collections.deque()
        self._writing = threading.Lock()
        self._take = self._take_with_descriptors

    def send(self, record: msgspec.Struct, *, until: float | None = None) -> None:
        """Send one frame; raise `WireClosed` when the supervisor has gone."""
        with self._writing:
            super().send(record, until=until)

    def next(self) -> tuple[ToSandbox, socket.socket | None]:
        """Return the next frame and, for a `Line`, its socket; raise what `receive` raises."""
        record = self.receive()
        if isinstance(record, Line) and self._descriptors:
            return record, socket.socket(fileno=self._descriptors.popleft())
        if not self._buffer:
            self._drop_strangers()
        return record, None

    def _take_with_descriptors(self, most: int) -> bytes:
        chunk, descriptors, _, _ = socket.recv_fds(
            self.socket, most, _MOST_DESCRIPTORS, socket.MSG_CMSG_CLOEXEC
        )
        self._descriptors.extend(descriptors)
        return chunk

    def _drop_strangers(self) -> None:
        """Close descriptors that no frame asked for; nothing else would ever do it."""
        while self._descriptors:
            os.close(self._descriptors.popleft())
