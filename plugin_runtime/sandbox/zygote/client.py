"""The supervisor's side of the zygote: start it, let it fork sandboxes, hear of their ends.

`start_zygote` blocks for some 100 ms and is used by the probe as well; `ZygoteLine` is the asyncio
face for the supervisor. Start the zygote from a thread that lives as long as the supervisor: the
kernel ends it together with the *thread* that started it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from plugin_runtime.sandbox import layers as layer
from plugin_runtime.sandbox.confinement import Confinement
from plugin_runtime.sandbox.scratch import fresh_scratch

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

#: `main(control_socket)` of this module takes over in every child.
RUNNER: Final = "plexichat_plugin_sdk._runner"
_START_TIMEOUT_SECONDS: Final = 20.0
_STOP_TIMEOUT_SECONDS: Final = 5.0
_PROJECT_FOLDER: Final = Path(__file__).resolve().parents[3]
_BOOT: Final = "import sys; sys.path[:0] = sys.argv[4:]; import {serve} as z; z.main(sys.argv[1:4])"
_SERVE_MODULE: Final = "plugin_runtime.sandbox.zygote.serve"

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[FromZygote] = msgspec.msgpack.Decoder(FromZygote)


class ZygoteFailed(RuntimeError):
    """The zygote did not start, or has ended; all sandboxes end with it.

    `layer` names the layer of confinement that did not hold, where that was the reason.
    """

    def __init__(self, message: str, *, layer: str = "") -> None:
        super().__init__(message)
        self.layer = layer


class SpawnRefused(RuntimeError):
    """The zygote could not fork a sandbox; the machine is out of processes or memory."""


@dataclass(frozen=True)
class Zygote:
    """A started zygote that has said it is ready."""

    connection: socket.socket
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        """End it and with it every sandbox; returns when all are gone."""
        self.connection.close()  # it sees the end of the line, ends its sandboxes and exits
        try:
            self.process.wait(_STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@dataclass(frozen=True)
class Sandbox:
    """A forked sandbox; it confines itself and reports that on its control line."""

    #: As this process sees it; for reading /proc and joining a control group, never for signals.
    pid: int
    #: Owned by whoever holds this record; close it when done.
    pidfd: int


def start_zygote(*, layers: Collection[str] = (), runner: str = RUNNER) -> Zygote:
    """Start a zygote and wait until it is ready.

    Of `layers` the zygote itself enters the user and pid namespace. Raises `ZygoteFailed`, with
    the layer's name where one of these does not hold.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    entered = [name for name in (layer.USER_NAMESPACE, layer.PID_NAMESPACE) if name in layers]
    with theirs:
        process = subprocess.Popen(
            _command(theirs.fileno(), entered, runner),
            env={},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )
    zygote = Zygote(ours, process)
    try:
        _await_ready(ours)
    except BaseException:
        zygote.stop()
        raise
    ours.setblocking(False)
    return zygote


def send_spawn(connection: socket.socket, spawn: Spawn, control: socket.socket) -> None:
    """Order a sandbox; `control` is its end of the control line, a copy goes to the zygote."""
    socket.send_fds(connection, [_encoder.encode(spawn)], [control.fileno()])


def receive_record(connection: socket.socket) -> tuple[FromZygote, int]:
    """Return one record and the descriptor beside it, -1 when there is none.

    Raises `ZygoteFailed` at the end of the line and `BlockingIOError` when nothing is there.
    """
    try:
        packet, descriptors, _, _ = socket.recv_fds(connection, MAX_PACKET_BYTES, 1)
    except ConnectionError as error:
        raise ZygoteFailed(f"the zygote has gone: {error}") from error
    if not packet:
        raise ZygoteFailed("the zygote has gone; every sandbox went with it")
    return _decoder.decode(packet), descriptors[0] if descriptors else -1


def pid_of(pidfd: int) -> int:
    """Return the pid behind a pidfd as this process's /proc counts it; -1 when it has ended."""
    for line in Path(f"/proc/self/fdinfo/{pidfd}").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == "Pid":
            return int(value)
    raise ZygoteFailed(f"descriptor {pidfd} is no pidfd")


class ZygoteLine:
    """The line to a zygote in an asyncio program: spawn one after another, hear of ends."""

    def __init__(self, zygote: Zygote) -> None:
        self.zygote = zygote
        self._numbers = iter(range(1, 1 << 62))
        self._one_at_a_time = asyncio.Lock()
        self._answer: asyncio.Future[Sandbox] | None = None
        self._awaited = 0
        self._exits: asyncio.Queue[Exited | ZygoteFailed] = asyncio.Queue()
        asyncio.get_running_loop().add_reader(zygote.connection, self._on_readable)

    def next_number(self) -> int:
        """Return the number for the next spawn; the supervisor knows its sandboxes by it."""
        return next(self._numbers)

    @property
    def is_idle(self) -> bool:
        """Whether no order is under way."""
        return self._answer is None

    async def spawn(self, number: int, confinement: Confinement, control: socket.socket) -> Sandbox:
        """Fork a sandbox with a fresh scratch folder and return it.

        `control` is the sandbox's end of the control line and may be closed afterwards. Raises
        `SpawnRefused` or `ZygoteFailed`.
        """
        await asyncio.to_thread(fresh_scratch, Path(confinement.scratch_folder))
        async with self._one_at_a_time:
            self._answer = asyncio.get_running_loop().create_future()
            self._awaited = number
            try:
                send_spawn(self.zygote.connection, Spawn(number, confinement), control)
                return await self._answer
            except OSError as error:
                raise ZygoteFailed(f"the zygote takes no orders: {error}") from error
            finally:
                self._answer = None

    async def exited(self) -> Exited:
        """Wait for the next end of a sandbox; raise `ZygoteFailed` when the zygote ends."""
        outcome = await self._exits.get()
        if isinstance(outcome, ZygoteFailed):
            self._exits.put_nowait(outcome)  # it stays so for whoever asks next
            raise outcome
        return outcome

    async def stop(self) -> None:
        """End the zygote and with it every sandbox."""
        asyncio.get_running_loop().remove_reader(self.zygote.connection)
        await asyncio.to_thread(self.zygote.stop)

    def _on_readable(self) -> None:
        try:
            while True:
                self._take(*receive_record(self.zygote.connection))
        except BlockingIOError:
            return
        except (ZygoteFailed, msgspec.MsgspecError) as error:
            self._fail(ZygoteFailed(str(error)))

    def _take(self, record: FromZygote, descriptor: int) -> None:
        match record:
            case Exited():
                self._exits.put_nowait(record)
            case Spawned(number=number) if (answer := self._waiting_for(number)) is not None:
                answer.set_result(Sandbox(pid_of(descriptor), descriptor))
            case SpawnFailed(number=number) if (answer := self._waiting_for(number)) is not None:
                answer.set_exception(SpawnRefused(record.message))
            case _ if descriptor >= 0:
                _kill(descriptor)  # the caller was cancelled and will never know of it

    def _waiting_for(self, number: int) -> asyncio.Future[Sandbox] | None:
        answer = self._answer
        if answer is None or answer.done() or self._awaited != number:
            return None
        return answer

    def _fail(self, error: ZygoteFailed) -> None:
        asyncio.get_running_loop().remove_reader(self.zygote.connection)
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)
        self._exits.put_nowait(error)


def _command(descriptor: int, entered: Iterable[str], runner: str) -> list[str]:
    """Return the zygote's command line: isolated from environment, site and user's files.

    The base interpreter, because a virtual environment's would read `pyvenv.cfg`; UTF-8 because an
    empty environment means an ASCII locale.
    """
    codec_folder = Path(msgspec.__file__).resolve().parents[1]
    return [
        getattr(sys, "_base_executable", sys.executable),
        *("-I", "-S", "-B", "-X", "utf8", "-c", _BOOT.format(serve=_SERVE_MODULE)),
        *(str(descriptor), ",".join(entered), runner),
        *(str(_PROJECT_FOLDER), str(codec_folder)),
    ]


def _await_ready(connection: socket.socket) -> None:
    connection.settimeout(_START_TIMEOUT_SECONDS)
    try:
        record, _ = receive_record(connection)
    except TimeoutError as error:
        raise ZygoteFailed(f"no zygote within {_START_TIMEOUT_SECONDS:.0f} s") from error
    match record:
        case Ready():
            return
        case NotReady():
            raise ZygoteFailed(record.message, layer=record.layer)
        case _:
            raise ZygoteFailed(f"the zygote began with {type(record).__name__}, expected Ready")


def _kill(pidfd: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
    os.close(pidfd)
