"""The gateway as a process of its own: the supervisor hands it lines over a socket.

One packet per line: whose it is, and the descriptor beside it. The process ends when the
supervisor does, and is started again by the next line when it has ended before.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import subprocess
import sys
import threading

import msgspec
from django.conf import settings

from plexichat.chat.live import publisher

from .lines import Gateway

logger = logging.getLogger(__name__)

MAX_PACKET_BYTES = 4096


class Owner(msgspec.Struct, array_like=True, frozen=True):
    """Whose line comes with this packet."""

    plugin: str
    release: str


class GatewayProcess:
    """The supervisor's side."""

    def __init__(self) -> None:
        self._line: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._started()  # it needs a second or two, while the supervisor sets itself up

    def accept(self, plugin: str, release: str, end: socket.socket) -> None:
        """Hand the gateway's end of a line over; our copy is closed."""
        packet = msgspec.msgpack.encode(Owner(plugin, release))
        with end:
            try:
                socket.send_fds(self._started(), [packet], [end.fileno()])
            except OSError:
                logger.warning("the gateway had ended and is started again")
                self.close()
                socket.send_fds(self._started(), [packet], [end.fileno()])

    def close(self) -> None:
        """End the process."""
        if self._line is not None:
            self._line.close()  # it takes the end of its line as the order to stop
            self._line = None
        if self._process is not None:
            self._process.wait()
            self._process = None

    def _started(self) -> socket.socket:
        if self._line is None:
            self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                self._process = _start(theirs)
        return self._line


def _start(line: socket.socket) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "django", "rungateway", str(line.fileno())]
    module = os.environ["DJANGO_SETTINGS_MODULE"]
    return subprocess.Popen(
        command,
        cwd=settings.BASE_DIR,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": module},
        pass_fds=[line.fileno()],
        start_new_session=True,  # Ctrl-C in a terminal is for the supervisor to handle
    )


def serve(line: socket.socket) -> None:
    """Take lines and serve them until the supervisor closes its side."""
    gateway = Gateway()
    _use_one_loop()
    try:
        while True:
            packet, descriptors, _, _ = socket.recv_fds(line, MAX_PACKET_BYTES, 1)
            if not packet:
                return
            owner = msgspec.msgpack.decode(packet, type=Owner)
            gateway.accept(owner.plugin, owner.release, socket.socket(fileno=descriptors[0]))
    finally:
        gateway.close()


def _use_one_loop() -> None:
    """Publish to live sockets from one event loop, over one connection.

    Without it each thread of a line would begin a loop and connect anew for each message.
    """
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="publisher", daemon=True).start()
    publisher.use_loop(loop)
