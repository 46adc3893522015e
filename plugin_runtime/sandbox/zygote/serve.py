"""The zygote's own program: set up, then fork a sandbox per order and reap the dead.

One thread, one loop, no plugin code, no secrets. Where namespaces hold, it lives as the first
process of an own pid namespace: the kernel then ends every sandbox with it, however it dies.
"""

from __future__ import annotations

import gc
import importlib
import os
import select
import signal
import socket
from collections.abc import Callable, Sequence
from typing import NoReturn

import msgspec

from plugin_runtime.sandbox import layers as layer
from plugin_runtime.sandbox.confine import identity, namespaces

from . import child
from .protocol import (
    MAX_PACKET_BYTES,
    Exited,
    FromZygote,
    NotReady,
    Ready,
    Spawn,
    Spawned,
    SpawnFailed,
)

_encoder = msgspec.msgpack.Encoder()


def main(arguments: Sequence[str]) -> NoReturn:
    """Run the zygote; `arguments` are the socket's number, the layers to enter, the runner."""
    descriptor, entered, runner = arguments
    connection = socket.socket(fileno=int(descriptor))
    identity.die_with_parent(os.getppid())
    _enter(entered.split(",") if entered else [], connection)
    take_over: Callable[[socket.socket], NoReturn] = importlib.import_module(runner).main
    Zygote(connection, take_over, in_namespaces=layer.PID_NAMESPACE in entered).serve()


class Zygote:
    """The loop: orders in, forks and ends out."""

    def __init__(
        self,
        connection: socket.socket,
        take_over: Callable[[socket.socket], NoReturn],
        *,
        in_namespaces: bool,
    ) -> None:
        self._connection = connection
        self._take_over = take_over
        self._home = namespaces.open_pid_namespace() if in_namespaces else -1
        self._numbers_by_pid: dict[int, int] = {}
        self._decoder = msgspec.msgpack.Decoder(Spawn)
        self._wakeup, wakeup_writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._wakeup_writer = wakeup_writer

    def serve(self) -> NoReturn:
        """Serve until the supervisor is gone, then end all sandboxes and exit."""
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wakeup_writer, warn_on_full_buffer=False)
        gc.collect()
        gc.freeze()  # the collector would touch, and so copy, every shared page in each child
        self._say(Ready())
        poll = select.poll()
        for descriptor in (self._connection.fileno(), self._wakeup):
            poll.register(descriptor, select.POLLIN)
        while True:
            for descriptor, _ in poll.poll():
                self._reap() if descriptor == self._wakeup else self._obey()

    def _obey(self) -> None:
        try:
            packet, descriptors, _, _ = socket.recv_fds(self._connection, MAX_PACKET_BYTES, 1)
        except ConnectionError:  # it went without reading what it had been told
            self._end()
        if not packet:
            self._end()
        spawn = self._decoder.decode(packet)
        control = socket.socket(fileno=descriptors[0])
        with control:
            self._spawn(spawn, control)

    def _spawn(self, spawn: Spawn, control: socket.socket) -> None:
        parent = 0 if self._home >= 0 else os.getpid()
        try:
            pid = namespaces.fork_into_pid_namespace(self._home) if parent == 0 else os.fork()
        except OSError as error:
            self._say(SpawnFailed(spawn.number, f"no new process: {error}"))
            return
        if pid == 0:
            child.become(spawn.confinement, control, parent=parent, take_over=self._take_over)
        pidfd = os.pidfd_open(pid)  # before it can be reaped: only `_reap` does, in this thread
        self._numbers_by_pid[pid] = spawn.number
        self._say(Spawned(spawn.number, pid), pidfd)
        os.close(pidfd)

    def _reap(self) -> None:
        os.read(self._wakeup, 4096)
        while self._numbers_by_pid:
            pid, wait_status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            number = self._numbers_by_pid.pop(pid, 0)
            self._say(Exited(number, pid, wait_status))

    def _say(self, record: FromZygote, *descriptors: int) -> None:
        try:
            socket.send_fds(self._connection, [_encoder.encode(record)], list(descriptors))
        except ConnectionError:
            self._end()

    def _end(self) -> NoReturn:
        """End every sandbox, wait until they are gone, and exit."""
        for pid in self._numbers_by_pid:
            os.kill(pid, signal.SIGKILL)
        for _ in self._numbers_by_pid:
            os.waitpid(-1, 0)
        os._exit(0)


def _enter(entered: Sequence[str], connection: socket.socket) -> None:
    """Enter the zygote's own namespaces; report the layer that does not hold, and exit."""
    name = ""
    try:
        for name in entered:
            if name == layer.USER_NAMESPACE:
                namespaces.enter_user_namespace()
            if name == layer.PID_NAMESPACE:
                _become_first_process(connection)
    except OSError as error:
        refusal = NotReady(name, f"{name} could not be entered: {error}")
        connection.send(_encoder.encode(refusal))
        os._exit(1)


def _become_first_process(connection: socket.socket) -> None:
    """Go on as the first process of a fresh pid namespace; the old process only waits for it."""
    namespaces.enter(layer.PID_NAMESPACE)
    pid = os.fork()
    if pid:
        connection.close()  # the supervisor shall see the end of the line when the child dies
        _, wait_status = os.waitpid(pid, 0)
        os._exit(0 if wait_status == 0 else 1)
    identity.die_with_parent(0)
