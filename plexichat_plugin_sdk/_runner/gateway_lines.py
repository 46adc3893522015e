"""Gateway lines: the sockets on which the plugin asks its host.

One question at a time per line. A thread takes the line used last, because it is warm; when all
are busy the supervisor is asked for one more, up to a limit of this process. Nothing here has a
deadline of its own: who waits for the plugin's answer has one.

A line may be borrowed: then it serves one thing alone, a database connection for example, whose
state the gateway keeps with the line and drops with it.
"""

from __future__ import annotations

import functools
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from plexichat_plugin_sdk import exceptions
from plexichat_plugin_sdk._wire.conversation import Answer, Failure
from plexichat_plugin_sdk._wire.descriptors import receive_with
from plexichat_plugin_sdk._wire.framing import Framed, WireClosed, WireViolation
from plexichat_plugin_sdk._wire.questions import Ask, Tell

from .failures import UNENCODABLE

MOST_LINES = 8
#: So many may be borrowed at once; the others stay free for questions.
MOST_BORROWED = 4
#: How long a question waits for a free line before it fails.
PATIENCE_SECONDS = 10.0
_ASK_AGAIN_SECONDS = 1.0

FromGateway = Answer | Failure


class GatewayLines:
    """The pool."""

    def __init__(self, want: Callable[[], None], *, patience: float = PATIENCE_SECONDS) -> None:
        self._want = want
        self._patience = patience
        self._changed = threading.Condition()
        self._idle: list[Framed[FromGateway]] = []
        self._open = 0
        self._wanted = 0
        self._number = 0
        self._borrowing = threading.BoundedSemaphore(MOST_BORROWED)

    def add(self, connection: socket.socket) -> None:
        """Take in one more line."""
        with self._changed:
            self._open += 1
            self._wanted = max(0, self._wanted - 1)
            self._idle.append(Framed(connection, FromGateway))
            self._changed.notify()

    def ask(self, what: str, arguments: dict[str, Any]) -> Any:
        """Return the gateway's answer, or raise what its refusal maps to.

        Raises `HostError` when the gateway goes away in the middle; the question may then have
        been answered or not.
        """
        line = self._send_on_some_line(self._question(what, arguments))
        answer = self._received(line, what, line.receive)
        self._give_back(line)
        return _result(answer)

    def ask_for_descriptor(self, what: str, arguments: dict[str, Any]) -> tuple[Any, int]:
        """The same for a question that is answered with a file descriptor; the caller owns it."""
        line = self._send_on_some_line(self._question(what, arguments))
        answer, descriptor = self._received(line, what, functools.partial(receive_with, line))
        self._give_back(line)
        result = _result(answer)
        if descriptor is None:
            raise exceptions.HostError(f"the host answered {what!r} without a descriptor")
        return result, descriptor

    def borrow(self) -> BorrowedLine:
        """Take a line out of the pool; raise `LimitReached` when none comes free in time."""
        if not self._borrowing.acquire(timeout=self._patience):
            raise exceptions.LimitReached(
                f"all {MOST_BORROWED} lines that may be borrowed were in use for "
                f"{self._patience:g} s; give one back first, or keep them for a shorter time"
            )
        try:
            return BorrowedLine(self, self._take())
        except BaseException:
            self._borrowing.release()
            raise

    def _returned(self, line: Framed[FromGateway], *, is_usable: bool) -> None:
        self._borrowing.release()
        if is_usable:
            self._give_back(line)
        else:
            self._drop(line)

    def _question(self, what: str, arguments: dict[str, Any]) -> Ask:
        self._number += 1  # a race would only repeat a number on two different lines
        return Ask(self._number, what, arguments)

    def _received(self, line: Framed[FromGateway], what: str, receive: Callable[[], Any]) -> Any:
        try:
            return receive()
        except (WireClosed, WireViolation) as error:
            self._drop(line)
            raise _gone(what) from error
        except BaseException:
            self._drop(line)  # interrupted in the middle; the late answer must not meet a new ask
            raise

    def tell(self, record: Tell) -> None:
        """Send a fact; raise `HostError` when no line can be had."""
        self._give_back(self._send_on_some_line(record))

    def _send_on_some_line(self, record: Ask | Tell) -> Framed[FromGateway]:
        while True:
            line = self._take()
            try:
                line.send(record)
            except WireClosed:  # the gateway has restarted; nothing was asked yet, so try another
                self._drop(line)
            except UNENCODABLE as error:
                self._give_back(line)
                raise exceptions.ValidationError(
                    f"the arguments of {record.what!r} cannot be sent: {error}"
                ) from error
            else:
                return line

    def _take(self) -> Framed[FromGateway]:
        until = time.monotonic() + self._patience
        while True:
            with self._changed:
                if self._idle:
                    return self._idle.pop()
                if not self._open:
                    self._wanted = 0  # whoever was to grant the earlier wishes may have restarted
                wants = self._open + self._wanted < MOST_LINES
                self._wanted += wants
            if wants:
                self._want()
            self._wait(until)

    def _wait(self, until: float) -> None:
        left = until - time.monotonic()
        if left <= 0:
            raise self._no_line()
        with self._changed:
            self._changed.wait_for(lambda: self._idle, min(left, _ASK_AGAIN_SECONDS))

    def _no_line(self) -> exceptions.PluginError:
        if self._open:
            return exceptions.LimitReached(
                f"all {self._open} lines to the host were busy for {self._patience:g} s; ask less "
                "at once, or try again"
            )
        return exceptions.HostError("the host cannot be reached; try again later")

    def _give_back(self, line: Framed[FromGateway]) -> None:
        with self._changed:
            self._idle.append(line)
            self._changed.notify()

    def _drop(self, line: Framed[FromGateway]) -> None:
        line.close()
        with self._changed:
            self._open -= 1


class BorrowedLine:
    """One line out of the pool, for one thread at a time, until it is given back."""

    def __init__(self, pool: GatewayLines, line: Framed[FromGateway]) -> None:
        self._pool = pool
        self._line: Framed[FromGateway] | None = line
        self._number = 0

    @property
    def is_open(self) -> bool:
        """Whether it still leads to the host."""
        return self._line is not None

    def ask(self, what: str, arguments: dict[str, Any]) -> Any:
        """Return the gateway's answer, or raise what its refusal maps to.

        Raises `HostError` when the line is lost or was given back; it stays so.
        """
        line = self._line
        if line is None:
            raise _gone(what)
        self._number += 1
        try:
            line.send(Ask(self._number, what, arguments))
            answer = line.receive()
        except UNENCODABLE as error:
            raise exceptions.ValidationError(
                f"the arguments of {what!r} cannot be sent: {error}"
            ) from error
        except (WireClosed, WireViolation) as error:
            self.drop()
            raise _gone(what) from error
        except BaseException:
            self.drop()  # interrupted in the middle; a late answer must not meet a new ask
            raise
        return _result(answer)

    def give_back(self) -> None:
        """Put it back, clean: what the gateway kept for it must have been ended before."""
        line, self._line = self._line, None
        if line is not None:
            self._pool._returned(line, is_usable=True)

    def drop(self) -> None:
        """Close it; the gateway ends what it kept for it."""
        line, self._line = self._line, None
        if line is not None:
            self._pool._returned(line, is_usable=False)


def _gone(what: str) -> exceptions.HostError:
    return exceptions.HostError(f"the host went away while it answered {what!r}")


def _result(answer: FromGateway) -> Any:
    if isinstance(answer, Failure):
        raise exceptions.by_code(answer.code, answer.message, answer.details)
    return answer.result
