"""A caller's side of the switchboard: one desk per process, safe for threads."""

from __future__ import annotations

import os
import socket
import threading

import msgspec

from plexichat_plugin_sdk._wire.framing import WireClosed, encode, set_deadline
from plugin_runtime.conf import conf
from plugin_runtime.exceptions import PluginUnavailable, SwitchboardUnreachable

from .protocol import (
    Alive,
    Done,
    FromSwitchboard,
    Introduce,
    Introduced,
    Refused,
    Settle,
    ToSwitchboard,
    Wake,
)

#: The supervisor answers from memory; one that takes this long is stuck or starved.
ANSWER_SECONDS = 5.0

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(FromSwitchboard)


def connect() -> socket.socket:
    """Return a new connection to the supervisor; raise `SwitchboardUnreachable`."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(os.fspath(conf.switchboard_path))
    except OSError as error:
        connection.close()
        raise SwitchboardUnreachable(
            f"no supervisor answers at {conf.switchboard_path} ({error.strerror}); "
            "start it with `manage.py runplugins`"
        ) from error
    set_deadline(connection, ANSWER_SECONDS)
    return connection


def send(connection: socket.socket, record: msgspec.Struct) -> None:
    """Send one frame on a connection made by `connect`."""
    connection.sendall(encode(record, _encoder))


def receive(connection: socket.socket) -> tuple[FromSwitchboard, list[int]]:
    """Return one frame and the descriptors that came with it."""
    data, descriptors, _, _ = socket.recv_fds(connection, 4, 1)
    while data and len(data) < 4:
        data += connection.recv(4 - len(data))
    if len(data) < 4:
        raise WireClosed("the supervisor has closed the connection")
    missing = int.from_bytes(data, "big")
    body = b""
    while len(body) < missing:
        chunk, more, _, _ = socket.recv_fds(connection, missing - len(body), 1)
        if not chunk:
            raise WireClosed("the supervisor has closed the connection")
        body, descriptors = body + chunk, descriptors + more
    return _decoder.decode(body), descriptors


class _Connection:
    """A connection to the supervisor, opened when first needed and again when it was lost."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._socket: socket.socket | None = None

    def send(self, record: msgspec.Struct) -> socket.socket:
        """Send a record and return the socket for the answer; the caller holds the lock."""
        if self._socket is None:
            self._socket = connect()
        send(self._socket, record)
        return self._socket

    def drop(self) -> None:
        """Let go of it."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class Desk:
    """Where this process asks its supervisor, and tells it what needs no answer.

    Each has a connection of its own: where both live in one process, the supervisor may have
    something to tell before it can answer what was asked.
    """

    def __init__(self) -> None:
        self._asking = _Connection()
        self._telling = _Connection()

    def request(self, record: msgspec.Struct) -> tuple[FromSwitchboard, list[int]]:
        """Ask and wait for the answer; raise `SwitchboardUnreachable`."""
        with self._asking.lock:
            try:
                return receive(self._asking.send(record))
            except (OSError, WireClosed):
                # The supervisor may have been restarted since; one fresh connection tells.
                self._asking.drop()
            try:
                return receive(self._asking.send(record))
            except (OSError, WireClosed) as error:
                self._asking.drop()
                raise SwitchboardUnreachable(f"the supervisor went away: {error}") from error

    def tell(self, record: ToSwitchboard) -> None:
        """Send a frame that has no answer; without a supervisor it is nobody's news."""
        with self._telling.lock:
            for _ in range(2):  # the supervisor may have been restarted since
                try:
                    self._telling.send(record)
                except SwitchboardUnreachable:
                    return
                except OSError:
                    self._telling.drop()
                else:
                    return

    def forget(self) -> None:
        """Let go of the connections without ending them: after a fork they are the parent's."""
        for connection in (self._asking, self._telling):
            connection.lock = threading.Lock()
            connection.drop()


desk = Desk()
os.register_at_fork(after_in_child=desk.forget)


def introduce(plugin: str) -> socket.socket:
    """Return the caller's end of a fresh conversation; raise `PluginUnavailable`."""
    try:
        answer, descriptors = desk.request(Introduce(plugin))
    except SwitchboardUnreachable as error:
        raise PluginUnavailable(plugin, str(error)) from error
    if isinstance(answer, Introduced) and len(descriptors) == 1:
        return socket.socket(fileno=descriptors[0])
    message = answer.message if isinstance(answer, Refused) else "the supervisor did not answer"
    raise PluginUnavailable(plugin, message)


def wake() -> None:
    """Tell the supervisor that the registry has changed. It also looks by itself now and then."""
    desk.tell(Wake())


def settle() -> bool:
    """Wait until every watching process has seen the registry as it is now; False without one."""
    try:
        answer, _ = desk.request(Settle())
    except SwitchboardUnreachable:
        return False
    return isinstance(answer, Done)


def is_answering() -> bool:
    """Whether the supervisor of this node is alive."""
    try:
        answer, _ = desk.request(Alive())
    except SwitchboardUnreachable:
        return False
    return isinstance(answer, Done)
