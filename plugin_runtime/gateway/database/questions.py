"""What a plugin's connection asks: run this, give me more rows, make it last, undo it.

All on one line, which holds the transaction: it ends with the line, with a commit or a rollback,
or when it takes too long. After a commit or a rollback the line holds nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from plexichat.chat.data_views import VIEWS
from plexichat_plugin_sdk._answers.sql import statements
from plexichat_plugin_sdk._answers.sql.parameters import parameters as read_parameters
from plexichat_plugin_sdk._answers.sql.statements import Statement, StatementRefused
from plexichat_plugin_sdk._wire import codes
from plugin_runtime.gateway import standing
from plugin_runtime.gateway.asking import Asker
from plugin_runtime.gateway.refusal import Refusal, text

from . import holds
from .chunks import Rows
from .holds import Hold
from .pacing import paced
from .store import DatabaseRefusal, Result, Session
from .stores import store

Arguments = Mapping[str, Any]
Told = TypeVar("Told")
_NO_ROWS = msgspec.Raw(b"\x90")


def execute(asker: Asker, arguments: Arguments) -> dict[str, Any]:
    """Run one statement; answer its first rows."""
    return _told(lambda: _execute(asker, arguments))


def execute_many(asker: Asker, arguments: Arguments) -> int:
    """Run one statement for each set of parameters; answer how many rows changed."""
    return _told(lambda: _execute_many(asker, arguments))


def fetch(asker: Asker, arguments: Arguments) -> dict[str, Any]:
    """Answer the next rows of the last statement."""
    return _told(lambda: _fetch(asker))


def commit(asker: Asker, arguments: Arguments) -> None:
    """Make the transaction last; the line holds nothing any more."""
    _told(lambda: _commit(asker))


def rollback(asker: Asker, arguments: Arguments) -> None:
    """Undo the transaction; the line holds nothing any more."""
    _told(lambda: asker.drop(Hold))


def _execute(asker: Asker, arguments: Arguments) -> dict[str, Any]:
    statement, values = _read(arguments, arguments.get("parameters"))
    hold, grants = _hold_of(asker), standing.of(asker.plugin).grants
    with hold as seconds:
        hold.rows = None
        try:
            hold.session.use_grants(grants)
            result = hold.session.execute(statement, values, seconds=seconds)
            return _first(hold, result, grants)
        except DatabaseRefusal as refusal:
            raise _explained(asker, refusal, grants) from refusal


def _first(hold: Hold, result: Result, grants: frozenset[str]) -> dict[str, Any]:
    answer: dict[str, Any] = {"rowcount": result.rowcount, "lastrowid": result.lastrowid}
    if result.columns is None:
        return answer
    rows = Rows(result.rows)
    answer["columns"] = result.columns
    answer["rows"], count = rows.take()
    answer["more"] = rows.has_more
    if rows.has_more:
        hold.rows, hold.grants = rows, grants
    else:
        answer["rowcount"] = count
    return answer


def _execute_many(asker: Asker, arguments: Arguments) -> int:
    sets = arguments.get("sets")
    if not isinstance(sets, list) or not sets:
        raise Refusal(codes.INVALID, "'sets' must be a list of parameters")
    statement, _ = _read(arguments, sets[0])
    values = [statement.values(read_parameters(each)) for each in sets]
    hold, grants = _hold_of(asker), standing.of(asker.plugin).grants
    with hold as seconds:
        hold.rows = None
        try:
            hold.session.use_grants(grants)
            return hold.session.execute_many(statement, values, seconds=seconds)
        except DatabaseRefusal as refusal:
            raise _explained(asker, refusal, grants) from refusal


def _fetch(asker: Asker) -> dict[str, Any]:
    hold = asker.keeping(Hold)
    if hold is None:
        raise DatabaseRefusal("ProgrammingError", "there is no result to fetch from")
    with hold as seconds:
        if hold.rows is None:
            return {"rows": _NO_ROWS, "more": False}
        if not standing.of(asker.plugin).grants >= hold.grants:
            hold.rows = None
            raise DatabaseRefusal("OperationalError", "a capability was withdrawn meanwhile")
        hold.session.resume(seconds=seconds)
        rows, _ = hold.rows.take()
        return {"rows": rows, "more": hold.rows.has_more}


def _commit(asker: Asker) -> None:
    hold = asker.keeping(Hold)
    if hold is None:
        return
    try:
        with hold:
            hold.session.commit()
    finally:
        asker.drop(Hold)


def _hold_of(asker: Asker) -> Hold:
    hold = asker.keeping(Hold)
    if hold is None:
        hold = Hold(asker.plugin, _opened(asker.plugin))
        asker.keep(hold)
    return hold


def _opened(plugin: str) -> Session:
    holds.admit(plugin)
    try:
        return store().open(plugin, standing.of(plugin).grants)
    except BaseException:
        holds.dismiss(plugin)
        raise


def _read(arguments: Arguments, parameters: Any) -> tuple[Statement, Sequence[Any]]:
    given = read_parameters(parameters)
    statement = statements.read(text(arguments, "sql"), store().dialect, given is not None)
    if statement.keyword in statements.SCHEMA_VERBS and statement.target.lower() in VIEWS:
        raise StatementRefused(f"{statement.target!r} is a view of the chat; choose another name")
    return statement, statement.values(given)


def _explained(asker: Asker, refusal: DatabaseRefusal, grants: frozenset[str]) -> Exception:
    """Say which capability is missing, where that is why a table is not there."""
    view = VIEWS.get(refusal.missing)
    if view is None or view.capability in grants:
        return refusal
    return standing.refusal(asker, view.capability)


def _told(work: Callable[[], Told]) -> Told:
    try:
        return work()
    except StatementRefused as error:
        raise Refusal(codes.DATABASE, str(error), kind="ProgrammingError") from error
    except DatabaseRefusal as error:
        raise Refusal(codes.DATABASE, str(error), kind=error.kind) from error


QUESTIONS = {
    "db.execute": paced(execute),
    "db.executemany": paced(execute_many),
    "db.fetch": fetch,
    "db.commit": paced(commit),
    "db.rollback": rollback,
}
