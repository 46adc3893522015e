"""One connection as a plugin's role, driven without psycopg's cursors.

A cursor would ask the server once to begin and once more for the statement, and hold the whole
result before the first row is seen. Here both questions travel together, and the answer is read
in pieces, so that its end can be refused before it fills our memory.
"""

from __future__ import annotations

import select
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import pq
from psycopg.abc import PyFormat, Transformer
from psycopg.adapt import Transformer as NewTransformer
from psycopg.pq.abc import PGconn, PGresult

from plugin_runtime.gateway.database.chunks import too_much
from plugin_runtime.gateway.database.store import Column, DatabaseRefusal

from .errors import refusal
from .memory import Guard
from .values import Reader, Row

#: Rows that come in one piece, which is in memory whole. More are hardly faster.
PIECE_ROWS = 256
#: After our deadline the statement is cancelled, and this long is waited for the server to agree.
GRACE_SECONDS = 1.0
#: How long a session keeps what slipped past the walls; clearing costs as much as a SELECT.
CLEAR_SECONDS = 1.0
_ROWS = (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.TUPLES_CHUNK, pq.ExecStatus.SINGLE_TUPLE)
_FAILED = (pq.ExecStatus.FATAL_ERROR, pq.ExecStatus.BAD_RESPONSE)
Question = tuple[bytes, Sequence[Any]]


@dataclass
class Bounds:
    """How much one statement may bring, and how long it may take."""

    seconds: float
    rows: int
    result_bytes: int


@dataclass
class Reply:
    """What the last of some statements brought."""

    columns: tuple[Column, ...] | None = None
    rows: list[Row] = field(default_factory=list)
    #: Rows that all of the statements changed together, or a SELECT brought.
    changed: int = 0
    #: Whether the server counted any.
    is_counted: bool = False
    weight: int = 0


class Link:
    """One connection; used by one thread at a time."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._pgconn: PGconn = connection.pgconn
        self._pgconn.nonblocking = 1
        self._pgconn.enter_pipeline_mode()
        self._poll = select.poll()
        self._socket = self._pgconn.socket
        self._poll.register(self._socket, select.POLLIN)
        self._unsettled = 0
        self._cleared_at = time.monotonic()
        self.spare_since = 0.0

    @property
    def is_open(self) -> bool:
        """Whether it can be used still."""
        return self._pgconn.status == pq.ConnStatus.OK

    @property
    def has_failed(self) -> bool:
        """Whether its transaction can only be rolled back."""
        return self._pgconn.transaction_status == pq.TransactionStatus.INERROR

    @property
    def backend(self) -> int:
        """The process that serves it on the server's machine."""
        return self._pgconn.backend_pid

    def ask(self, questions: Sequence[Question], bounds: Bounds) -> Reply:
        """Ask all at once; return what the last one brought. Raises `DatabaseRefusal`.

        After a failure the ones behind it are skipped.
        """
        self.settle(bounds.seconds)
        try:
            transformer = self._send(questions)
            return _Exchange(self, len(questions), bounds, transformer).run()
        except psycopg.Error as error:
            raise refusal(error) from error

    def clear(self, *, is_begun: bool) -> None:
        """Roll back, and every now and then forget all the session kept; nothing is waited for.

        The next question finds the answers there. No statement that is let through leaves
        anything in a session, so this only bounds what would have slipped past.
        """
        texts = [b"ROLLBACK"] if is_begun else []
        now = time.monotonic()
        if now - self._cleared_at > CLEAR_SECONDS:
            self._cleared_at = now
            texts.append(b"DISCARD ALL")
        for text in texts:
            self._pgconn.send_query_params(text, None)
            self._pgconn.pipeline_sync()
        self._unsettled += len(texts)
        self._pgconn.flush()

    def settle(self, seconds: float) -> None:
        """Take the answers to what was sent away; raise `DatabaseRefusal` when it went wrong."""
        while self._unsettled:
            self._unsettled -= 1
            try:
                _Exchange(self, 1, Bounds(seconds, 0, 0), None).run()
            except psycopg.Error as error:
                self.close()
                raise refusal(error) from error

    def close(self) -> None:
        """Close it; the server rolls back. Harmless when it is closed."""
        self._connection.close()

    def cancel(self) -> None:
        """Ask the server to stop what it does for us."""
        try:
            self._connection.cancel_safe(timeout=GRACE_SECONDS)
        except psycopg.Error:
            self.close()

    def _send(self, questions: Sequence[Question]) -> Transformer:
        pgconn = self._pgconn
        transformer: Transformer = NewTransformer(self._connection)
        for text, values in questions:
            if values:
                formats = [PyFormat.AUTO] * len(values)
                dumped = transformer.dump_sequence(values, formats)
                pgconn.send_query_params(text, dumped, transformer.types, transformer.formats)
            else:
                pgconn.send_query_params(text, None)
        pgconn.pipeline_sync()
        return transformer


class _Exchange:
    """The answers to one batch of questions, up to its sync."""

    def __init__(
        self, link: Link, questions: int, bounds: Bounds, transformer: Transformer | None
    ) -> None:
        self._link = link
        self._pgconn = link._pgconn
        self._left = questions
        self._bounds = bounds
        self._transformer = transformer
        self._deadline = time.monotonic() + bounds.seconds
        self._was_cancelled = False
        self._failure: Exception | None = None
        self._reader: Reader | None = None
        self._guard = Guard(bounds.result_bytes)
        self._reply = Reply()

    def run(self) -> Reply:
        """Return the last one's answer; raise psycopg.Error or `DatabaseRefusal`."""
        self._expect()
        waiting_to_write = self._pgconn.flush()
        while True:
            while self._pgconn.is_busy() or waiting_to_write:
                waiting_to_write = self._wait(writing=bool(waiting_to_write))
            result = self._pgconn.get_result()
            if result is None:
                self._left -= 1
                self._expect()
            elif result.status == pq.ExecStatus.PIPELINE_SYNC:
                break
            else:
                self._take(result)
        if self._failure is not None:
            raise self._failure
        return self._reply

    def _expect(self) -> None:
        """Have the rows in pieces: to be said before the first piece is looked for."""
        if self._left:
            self._pgconn.set_chunked_rows_mode(PIECE_ROWS)

    def _wait(self, *, writing: bool) -> int:
        left = self._deadline - time.monotonic()
        if left <= 0:
            self._stop()
        events = select.POLLIN | (select.POLLOUT if writing else 0)
        self._link._poll.modify(self._link._socket, events)
        self._link._poll.poll(max(1, left * 1000))
        if self._guard.is_exceeded(self._link._socket):
            self._link.close()
            raise too_much(self._bytes())
        self._pgconn.consume_input()
        return self._pgconn.flush() if writing else 0

    def _stop(self) -> None:
        if self._was_cancelled:
            self._link.close()
            raise DatabaseRefusal(
                "OperationalError", "the database did not answer in time; the connection is closed"
            )
        self._was_cancelled = True
        self._deadline = time.monotonic() + GRACE_SECONDS
        self._link.cancel()

    def _take(self, result: PGresult) -> None:
        self._guard.begin_again()
        if result.status in _FAILED:
            self._failure = self._failure or psycopg.errors.error_from_result(result)
        elif result.status in _ROWS:
            self._take_rows(result)
        if result.command_tuples is not None:
            self._reply.changed += result.command_tuples
            self._reply.is_counted = True

    def _take_rows(self, piece: PGresult) -> None:
        if self._failure is not None or self._transformer is None or self._left > 1:
            return  # what comes behind the end of a result that is refused
        if self._reader is None:
            self._reader = Reader(self._transformer, piece)
            self._reply.columns = self._reader.columns
        try:
            rows = self._reader.rows(piece)
        except psycopg.Error as error:
            self._failure = error
            return
        self._reply.rows += rows
        self._reply.weight += self._reader.bytes_of(rows)
        if limit := self._exceeded():
            self._failure = too_much(limit)
            self._reply.rows.clear()
            self._was_cancelled = True
            self._link.cancel()

    def _exceeded(self) -> str:
        if len(self._reply.rows) > self._bounds.rows:
            return f"{self._bounds.rows} rows"
        return self._bytes() if self._reply.weight > self._bounds.result_bytes else ""

    def _bytes(self) -> str:
        return f"{self._bounds.result_bytes} bytes"
