"""The gateway's lines: a thread for each, serving one plugin's questions in turn."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time

from plexichat_plugin_sdk._wire import codes
from plexichat_plugin_sdk._wire.conversation import Answer, Failure
from plexichat_plugin_sdk._wire.descriptors import send_with
from plexichat_plugin_sdk._wire.framing import WireClosed, WireViolation
from plexichat_plugin_sdk._wire.questions import Ask, Tell, ToGateway
from plugin_runtime.large import QuestionLine

from . import orm
from .asking import Asker, Handed
from .database import stores
from .pace import Pace
from .questions import answer
from .records import Journal
from .refusal import Refusal

logger = logging.getLogger(__name__)


#: Whose line it is: a release that is only tried takes nothing from the one that serves.
Owner = tuple[str, str]
#: Lines that one release may hold at a time; a thread of ours serves each.
LINES_PER_PLUGIN = 12
#: What sending raises for an answer that is too large, or no plain value.
UNSENDABLE = (WireViolation, TypeError, ValueError, OverflowError)


class Gateway:
    """All lines of this process."""

    def __init__(self) -> None:
        orm.connect()
        self._lock = threading.Lock()
        self._journals: dict[str, Journal] = {}
        self._lines: dict[Owner, set[QuestionLine]] = {}
        self._paces: dict[Owner, Pace] = {}

    def accept(self, plugin: str, release: str, end: socket.socket) -> None:
        """Serve the gateway's end of a line until the plugin closes its own.

        A line beyond the limit is closed at once.
        """
        line = QuestionLine(end, ToGateway)
        with self._lock:
            lines = self._lines.setdefault((plugin, release), set())
            if len(lines) >= LINES_PER_PLUGIN:
                line.close()
                return
            lines.add(line)
            journal = self._journal_of(plugin)
            pace = self._paces.setdefault((plugin, release), Pace())
        threading.Thread(
            target=self._serve,
            args=(Asker(plugin, release), journal, pace, line),
            name=f"gateway-{plugin}",
            daemon=True,
        ).start()

    def close(self) -> None:
        """End every line."""
        with self._lock:
            lines = [line for lines in self._lines.values() for line in lines]
            journals = list(self._journals.values())
        for line in lines:
            line.close()
        for journal in journals:
            journal.close()
        stores.close()

    def _journal_of(self, plugin: str) -> Journal:
        if plugin not in self._journals:
            self._journals[plugin] = Journal(plugin)
        return self._journals[plugin]

    def _serve(self, asker: Asker, journal: Journal, pace: Pace, line: QuestionLine) -> None:
        plugin = asker.plugin
        try:
            before = time.thread_time()
            while True:
                _attend(asker, journal, line, line.receive())
                now = time.thread_time()
                if wait := pace.charge(now - before):
                    time.sleep(wait)  # what it asks meanwhile waits in its own buffers
                before = now
        except WireClosed:
            pass
        except WireViolation:
            logger.warning("a plugin broke the wire's rules", extra={"plugin": plugin})
        finally:
            line.close()
            asker.end()
            orm.close_opened()
            with self._lock:
                self._lines[plugin, asker.release].discard(line)


def _attend(asker: Asker, journal: Journal, line: QuestionLine, record: ToGateway) -> None:
    match record:
        case Ask(number, what, arguments):
            reply = _answered(asker, number, what, arguments)
            if isinstance(reply, Answer) and isinstance(reply.result, Handed):
                _hand_over(line, number, reply.result)
            else:
                _send(line, reply)
        case Tell("log.record", fields):
            journal.record(asker.release, fields)
        case Tell(what):
            raise WireViolation(f"told {what!r}")


def _send(line: QuestionLine, reply: Answer | Failure) -> None:
    try:
        line.send(reply)
    except UNSENDABLE:
        logger.exception("an answer to a plugin could not be sent")
        text = "the host's answer could not be sent: it is too large, or holds a strange value"
        line.send(Failure(reply.number, codes.HOST_FAILED, text, {}))


def _hand_over(line: QuestionLine, number: int, handed: Handed) -> None:
    try:
        send_with(line, Answer(number, handed.result), handed.descriptor)
    finally:
        os.close(handed.descriptor)


def _answered(
    asker: Asker, number: int, what: str, arguments: dict[str, object]
) -> Answer | Failure:
    try:
        return Answer(number, answer(asker, what, arguments))
    except Refusal as refusal:
        return Failure(number, refusal.code, str(refusal), refusal.details)
    except Exception:  # a wall: no question may end the line or show the host's inside
        logger.exception("a plugin's question failed", extra={"plugin": asker.plugin, "what": what})
        return Failure(number, codes.HOST_FAILED, "the host could not answer; try again later", {})
    finally:
        orm.close_opened()
