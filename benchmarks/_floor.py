"""The floor: the least that a call into another Python process can cost.

One blocking stream socketpair per caller, a length prefix, the message as MessagePack bytes, and
an interpreter on the other side that sends back what it receives, unread. No codec, no handler,
no walls, no deadline.
"""

from __future__ import annotations

import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import msgspec

#: An ordinary message, as `message_sent` sees it.
MESSAGE = {
    "message_id": "pX3vGmW8yqJk2LrN",
    "user_id": "u7TnB4cZs9QaE1Hd",
    "channel_id": "cK5fR8wYx2MjP6Lg",
    "content": "The quick brown fox jumps over the lazy dog, and nobody minds at all. " * 2,
    "timestamp": "2026-01-01T12:00:00.000000+00:00",
    "message_type": "text",
    "metadata": {},
}
#: One thread per line, like a sandbox; each pauses before it answers.
_ECHO = """
import socket, sys, threading, time
def serve(peer, pause):
    while data := peer.recv(8192):
        if pause:
            time.sleep(pause)
        peer.sendall(data)
pause, *lines = sys.argv[1:]
for line in lines:
    threading.Thread(target=serve, args=(socket.socket(fileno=int(line)), float(pause))).start()
"""


@dataclass(frozen=True)
class Echo:
    """An echoing process."""

    pid: int
    #: One function per line; each sends the message and waits for it. One thread per function.
    calls: list[Callable[[], object]]


@contextmanager
def echo(*, lines: int = 1, pause_seconds: float = 0) -> Iterator[Echo]:
    """Run an echoing process for the length of a block."""
    pairs = [socket.socketpair() for _ in range(lines)]
    ends = [theirs.fileno() for _, theirs in pairs]
    command = [sys.executable, "-I", "-S", "-c", _ECHO, str(pause_seconds), *map(str, ends)]
    peer = subprocess.Popen(command, pass_fds=ends)
    for _, theirs in pairs:
        theirs.close()
    try:
        yield Echo(peer.pid, [_caller(ours) for ours, _ in pairs])
    finally:
        for ours, _ in pairs:
            ours.close()
        peer.wait()


def _caller(line: socket.socket) -> Callable[[], object]:
    payload = msgspec.msgpack.encode(MESSAGE)
    frame = struct.pack("!I", len(payload)) + payload

    def call() -> object:
        line.sendall(frame)
        return line.recv(8192)

    return call
