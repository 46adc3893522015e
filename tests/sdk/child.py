"""A sandbox without its walls: the runner in a real child process, driven over its sockets."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from plexichat_plugin_sdk._wire import WIRE_VERSION
from plexichat_plugin_sdk._wire.control import (
    Line,
    Load,
    Loaded,
    Ping,
    Pong,
    ToSupervisor,
    Unload,
)
from plexichat_plugin_sdk._wire.conversation import Answer, Call, Close, Data, Failure, ToCaller
from plexichat_plugin_sdk._wire.framing import Framed, WireClosed, encode, set_deadline
from plexichat_plugin_sdk._wire.questions import Ask, Tell, ToGateway

REPOSITORY = Path(__file__).parents[2]
SECONDS = 20.0
_encoder = msgspec.msgpack.Encoder()

_START = """
import socket, sys
sys.path.insert(0, sys.argv[1])
from plexichat_plugin_sdk._runner import main
main(socket.socket(fileno=int(sys.argv[2])))
"""


class Gateway:
    """A host that answers from a dict and keeps what it is told."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {
            "config.get": {"stored": {}, "effective": {}},
            "permissions.check": False,
            "permissions.of_user": [],
        }
        self.asked: list[Ask] = []
        self.told: list[dict[str, Any]] = []
        self.changed = threading.Condition()

    def serve(self, connection: socket.socket) -> None:
        """Answer on one line until it closes; to be run in a thread."""
        line: Framed[ToGateway] = Framed(connection, ToGateway)
        with contextlib.suppress(WireClosed), connection:
            while True:
                self._take(line, line.receive())

    def records(self, count: int) -> list[dict[str, Any]]:
        """Wait until so many log records have come and return them."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.told) >= count, SECONDS), self.told
            return list(self.told)

    def _take(self, line: Framed[ToGateway], record: ToGateway) -> None:
        with self.changed:
            if isinstance(record, Tell):
                self.told.append(record.arguments)
            else:
                self.asked.append(record)
            self.changed.notify_all()
        if isinstance(record, Ask):
            answer = self.answers[record.what]
            answer = answer(record.arguments) if callable(answer) else answer
            if isinstance(answer, tuple):
                code, message = answer
                line.send(Failure(record.number, code, message, {}))
            else:
                line.send(Answer(record.number, answer))


class Conversation:
    """The caller's end of one conversation."""

    def __init__(self, connection: socket.socket) -> None:
        set_deadline(connection, SECONDS)
        self.framed: Framed[ToCaller] = Framed(connection, ToCaller)
        self._numbers = iter(range(1, 1_000_000))

    def begin(self, kind: str, target: str, payload: Any) -> int:
        """Send a call and return its number."""
        number = next(self._numbers)
        self.framed.send(Call(number, kind, target, payload, 1000))
        return number

    def call(self, kind: str, target: str, payload: Any) -> Answer | Failure:
        """Send a call and return what ends it."""
        number = self.begin(kind, target, payload)
        reply = self.framed.receive()
        assert isinstance(reply, Answer | Failure)
        assert reply.number == number
        return reply

    def filter(self, message: dict[str, Any], hook: str = "message_sent") -> Any:
        """Return the verdict about a message."""
        reply = self.call("filter", hook, message)
        assert isinstance(reply, Answer), reply
        return reply.result

    def request(self, target: str, **parts: Any) -> Any:
        """Return status, headers and body of an endpoint's answer."""
        method, _, path = target.partition(" ")
        payload = {"user_id": "u1", "method": method, "path": path, **parts}
        reply = self.call("endpoint", target, payload)
        assert isinstance(reply, Answer), reply
        return reply.result

    def open_socket(self, path: str, **parts: Any) -> int:
        """Begin a WebSocket."""
        return self.begin("socket", path, {"user_id": "u1", "path": path, **parts})

    def say(self, payload: Any) -> None:
        """Send one WebSocket message to the plugin."""
        self.framed.send(Data(payload))

    def leave(self) -> None:
        """Let the client go."""
        self.framed.send(Close(1001, "gone"))

    def heard(self) -> Any:
        """Return the next message, or the record that is none."""
        record = self.framed.receive()
        return record.payload if isinstance(record, Data) else record


class Child:
    """One child process that runs a plugin."""

    def __init__(self, root: Path, name: str = "sample") -> None:
        self.root = root
        self.name = name
        self.gateway = Gateway()
        self._conversations: list[Conversation] = []
        mine, theirs = socket.socketpair()
        set_deadline(mine, SECONDS)
        self.control: Framed[ToSupervisor] = Framed(mine, ToSupervisor)
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-c", _START, str(REPOSITORY), str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            env={},
        )
        theirs.close()

    def hand(self, kind: str) -> socket.socket:
        """Hand in one end of a new line and return the other."""
        mine, theirs = socket.socketpair()
        frame = encode(Line(kind, 1), _encoder)
        socket.send_fds(self.control.socket, [frame], [theirs.fileno()])
        theirs.close()
        return mine

    def gateway_line(self) -> None:
        """Hand in a line that the gateway answers."""
        threading.Thread(
            target=self.gateway.serve, args=(self.hand("gateway"),), daemon=True
        ).start()

    def hand_beside_ping(self) -> socket.socket:
        """Send a descriptor where none belongs and return the other end."""
        mine, theirs = socket.socketpair()
        mine.settimeout(SECONDS)
        frame = encode(Ping(1, False), _encoder)
        socket.send_fds(self.control.socket, [frame], [theirs.fileno()])
        theirs.close()
        self.next_frame(want=Pong)
        return mine

    def load(self, **changes: Any) -> Any:
        """Send `Load` and return what comes back: `Loaded` or `LoadFailed`."""
        self.begin_load(**changes)
        return self.next_frame()

    def begin_load(self, **changes: Any) -> None:
        """Send `Load` and a gateway line before it."""
        facts: dict[str, Any] = {
            "wire_version": WIRE_VERSION,
            "plugin": self.name,
            "release": "1.0.0",
            "description": "A sample.",
            "root": str(self.root),
            "site_packages": [],
            "entry_point": "",
            "config": {},
            "stored_config": {},
            "metadata": {},
        }
        self.gateway_line()
        self.control.send(Load(**(facts | changes)))

    def next_frame(self, *, want: type | tuple[type, ...] | None = None) -> Any:
        """Return the next control frame; others than the wanted ones are skipped."""
        while True:
            frame = self.control.receive()
            if want is None or isinstance(frame, want):
                return frame

    def conversation(self) -> Conversation:
        """Open one."""
        conversation = Conversation(self.hand("conversation"))
        self._conversations.append(conversation)
        return conversation

    def ping(self, *, with_stacks: bool = False) -> Pong:
        """Return the answer to a ping."""
        self.control.send(Ping(7, with_stacks))
        pong = self.next_frame(want=Pong)
        assert isinstance(pong, Pong)
        return pong

    def unload(self, grace_ms: int = 5000) -> Any:
        """Ask for an orderly end and return the last word."""
        self.control.send(Unload(grace_ms))
        return self.next_frame()

    def exit_status(self) -> int:
        """Wait for the process to end by itself."""
        return self._process.wait(SECONDS)

    def end(self) -> None:
        """Hang up, and kill the process if that does not end it."""
        self.control.close()
        for each in self._conversations:
            each.framed.close()
        try:
            self._process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            os.kill(self._process.pid, signal.SIGKILL)
            self._process.wait()
            raise


def until(condition: Callable[[], Any]) -> Any:
    """Return a condition's value as soon as it is true; fail when it never becomes so."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        select.select([], [], [], 0.01)
    raise AssertionError("the condition never became true")


PRELUDE = """\
from plexichat_plugin_sdk import *
from typing import Any, Dict, List, Optional
"""


def write_plugin(folder: Path, source: str, name: str = "plugin.py") -> Path:
    """Write a module of a plugin, with the imports it wants, and return the plugin's folder."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(PRELUDE + textwrap.dedent(source))
    return folder


@contextlib.contextmanager
def alive(folder: Path) -> Iterator[Child]:
    """A child for the length of a block, with nothing loaded yet."""
    child = Child(folder)
    try:
        yield child
    finally:
        child.end()


@contextlib.contextmanager
def running(folder: Path, source: str, **facts: Any) -> Iterator[Child]:
    """Run a plugin's source in a child for the length of a block; it must load."""
    with alive(write_plugin(folder, source)) as child:
        loaded = child.load(**facts)
        assert isinstance(loaded, Loaded), loaded
        yield child


@contextlib.contextmanager
def running_module(folder: Path, source: str, **facts: Any) -> Iterator[Child]:
    """The same for a module that brings all its imports."""
    (folder / "plugin.py").write_text(source)
    with alive(folder) as child:
        loaded = child.load(**facts)
        assert isinstance(loaded, Loaded), loaded
        yield child
