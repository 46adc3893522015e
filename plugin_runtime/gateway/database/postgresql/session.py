"""One plugin's session on PostgreSQL."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from plexichat_plugin_sdk._answers.sql.statements import (
    KEPT_CHARACTERS,
    KEPT_STATEMENTS,
    Statement,
    StatementRefused,
)
from plugin_runtime.gateway.database.store import DatabaseRefusal, Result

from . import views, walls
from .limits import Limits
from .link import Bounds, Link, Question, Reply
from .pool import Pool

#: Statements of `execute_many` that travel together.
_TOGETHER = 50
#: A commit or rollback may have to wait for the disk.
_END_SECONDS = 10.0
_BEGIN: Question = (b"BEGIN", ())
_SCHEMA_VERBS = frozenset({"CREATE", "ALTER", "DROP", "TRUNCATE"})
#: These give room back, so that a plugin which has filled its own can go on.
_SHRINKING = frozenset({"DELETE", "TRUNCATE", "DROP"})


class PostgreSQLSession:
    """A session; see `store.Session`. The connection is the pool's until the session closes."""

    def __init__(self, plugin: str, pool: Pool, limits: Limits) -> None:
        self._plugin = plugin
        self._pool = pool
        self._limits = limits
        self._granted: frozenset[str] | None = None
        self._link: Link | None = None
        self._is_begun = self._has_grown = False
        self._savepoints = self._changes = 0

    @property
    def is_in_transaction(self) -> bool:
        """Whether something would be rolled back now."""
        return self._is_begun

    def use_grants(self, grants: frozenset[str]) -> None:
        """Open the core's views that these grants open, and no others; see `store.Session`."""
        if grants is not self._granted:
            self._pool.use_grants(grants)
            self._granted = grants

    def execute(self, statement: Statement, values: Sequence[Any], *, seconds: float) -> Result:
        """Run one statement; see `store.Session`. All of its rows are here when it returns."""
        reply = self._run(statement, [values], seconds)
        return Result(
            columns=reply.columns,
            rowcount=reply.changed if reply.is_counted else -1,
            rows=iter(reply.rows),
        )

    def execute_many(
        self, statement: Statement, sets: Sequence[Sequence[Any]], *, seconds: float
    ) -> int:
        """Run a statement once for each set of values; see `store.Session`."""
        changed = 0
        until = time.monotonic() + seconds
        for at in range(0, len(sets), _TOGETHER):
            left = max(0.0, until - time.monotonic())
            changed += self._run(statement, sets[at : at + _TOGETHER], left).changed
        return changed

    def resume(self, *, seconds: float) -> None:
        """Allow nothing: the rows have come already."""

    def commit(self) -> None:
        """Make the transaction last; see `store.Session`."""
        if self._link is None or not self._is_begun:
            return
        if self._link.has_failed:
            self.rollback()
            raise DatabaseRefusal(
                "OperationalError",
                "nothing was committed: a statement of the transaction had failed, and it was "
                "rolled back",
            )
        self._check_size()
        self._end(b"COMMIT")

    def rollback(self) -> None:
        """Undo the transaction; see `store.Session`."""
        if self._link is not None and self._is_begun:
            self._end(b"ROLLBACK")

    def close(self) -> None:
        """Roll back and give the connection back as it was lent; harmless when done before."""
        link, self._link = self._link, None
        if link is not None:
            if link.is_open:
                link.clear(is_begun=self._is_begun)
            self._give_back(link)
        self._forget_transaction()

    def _run(self, statement: Statement, sets: Sequence[Sequence[Any]], seconds: float) -> Reply:
        self._check(statement)
        if self._link is None:
            self._link = self._take()
        text = statement.text.encode()
        questions: list[Question] = [(text, values) for values in sets]
        if not self._is_begun:
            self._is_begun = True
            questions.insert(0, _BEGIN)
        began = time.monotonic()
        reply = self._asked(self._link, statement, questions, seconds)
        if statement.is_write and statement.keyword not in _SHRINKING:
            self._has_grown = True
            self._pool.quota.note(time.monotonic() - began)
            if self._pool.quota.is_pressing:
                self._check_size()
        return reply

    def _asked(
        self, link: Link, statement: Statement, questions: list[Question], seconds: float
    ) -> Reply:
        bounds = Bounds(seconds, self._limits.rows, self._limits.result_bytes)
        try:
            return link.ask(questions, bounds)
        except DatabaseRefusal as refused:
            if not link.is_open:
                self.close()
            if refused.missing:
                refused.missing = self._missing_view(statement)
            raise

    def _missing_view(self, statement: Statement) -> str:
        """The core view that a statement wants and was not granted; '' for none."""
        closed = views.closed_view(statement.names, self._granted or frozenset())
        if not closed and statement.names & views.names():
            self._granted = None  # they were away while the chat was migrated: open them again
            self._pool.forget()
        return closed

    def _check(self, statement: Statement) -> None:
        """Refuse what no plugin may name, or what holds too much that all sessions share."""
        is_kept = len(statement.text) <= KEPT_CHARACTERS
        if problem := (_problem_once if is_kept else _problem_of)(statement, self._plugin):
            raise DatabaseRefusal("ProgrammingError", problem)
        self._savepoints += statement.keyword == "SAVEPOINT"
        self._changes += statement.keyword in _SCHEMA_VERBS
        if self._savepoints > self._limits.savepoints:
            raise _too_many(f"{self._limits.savepoints} savepoints")
        if self._changes > self._limits.schema_changes:
            raise _too_many(f"{self._limits.schema_changes} changes of the schema")

    def _check_size(self) -> None:
        """Roll back when the plugin's schema is larger than it may be; look now and then."""
        quota = self._pool.quota
        if self._link is None or not self._has_grown or not quota.is_due:
            return
        if problem := quota.measured(self._link, self._limits):
            self.rollback()
            raise DatabaseRefusal("OperationalError", problem)

    def _end(self, text: bytes) -> None:
        assert self._link is not None  # the caller looked
        self._forget_transaction()
        try:
            self._link.ask([(text, ())], Bounds(_END_SECONDS, 1, 1024))
        except DatabaseRefusal:
            if not self._link.is_open:
                self.close()
            raise

    def _take(self) -> Link:
        return self._pool.take()

    def _give_back(self, link: Link) -> None:
        self._pool.give_back(link)

    def _forget_transaction(self) -> None:
        self._is_begun = self._has_grown = False
        self._savepoints = self._changes = 0


def _problem_of(statement: Statement, plugin: str) -> str:
    try:
        walls.check(statement, plugin)
    except StatementRefused as refused:
        return str(refused)
    return ""


_problem_once = lru_cache(maxsize=KEPT_STATEMENTS)(_problem_of)


def _too_many(what: str) -> DatabaseRefusal:
    return DatabaseRefusal("OperationalError", f"a transaction may have {what}; commit in between")
