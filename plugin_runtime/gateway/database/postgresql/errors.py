"""What the server or the wire said, as an author's code will catch it."""

from __future__ import annotations

from typing import get_args

import psycopg

from plugin_runtime.gateway.database.store import DatabaseRefusal, Kind

_KINDS: tuple[Kind, ...] = get_args(Kind)
#: Told apart by the SQLSTATE: what our limits caused says which limit it was.
_OURS = {
    "57014": "the statement was stopped: it took longer than a plugin's statement may",
    "55P03": "the statement was stopped: it waited too long for a lock",
    "25P03": "the connection was closed: its transaction rested too long",
    "25P04": "the connection was closed: its transaction lasted too long",
    "57P01": "the connection was closed by the server",
    "53400": "the statement was stopped: it took more room for temporary data than a plugin may",
    "53300": "the plugin has too many connections to its database",
    "25P02": "a statement of this transaction failed; nothing more can be done in it: roll back",
}
#: Said in our words, and the same class on SQLite.
_FAILED_BEFORE = "25P02"
#: It is not there, or not the plugin's: which of the two is not for it to know.
_DENIED = frozenset({"42501", "3F000"})
_NO_TABLE = "42P01"


def refusal(error: psycopg.Error) -> DatabaseRefusal:
    """Return the refusal for an error of the server, or of the wire to it.

    Its `missing` only says that something is: the server's text does not name it reliably.
    """
    state = error.sqlstate or ""
    if not state:
        return _of_the_wire(error)
    kind: Kind = next((kind for kind in _KINDS if _is_a(error, kind)), "DatabaseError")
    if kind == "InternalError":
        kind = "OperationalError" if state in _OURS and state != _FAILED_BEFORE else kind
    if state in _DENIED:
        text = "permission denied, or there is no such table, view or schema"
        return DatabaseRefusal("ProgrammingError", text, missing="?")
    missing = "?" if state == _NO_TABLE else ""
    return DatabaseRefusal(kind, _OURS.get(state) or _told(error), missing=missing)


def _of_the_wire(error: psycopg.Error) -> DatabaseRefusal:
    """What psycopg found itself: a value it cannot send, or a connection that is gone."""
    if isinstance(error, psycopg.DataError | psycopg.ProgrammingError):
        return DatabaseRefusal("DataError", str(error))
    return DatabaseRefusal("OperationalError", "the connection to the database was lost")


def _is_a(error: psycopg.Error, kind: Kind) -> bool:
    # DatabaseError is the root of the others.
    return kind != "DatabaseError" and isinstance(error, getattr(psycopg, kind))


def _told(error: psycopg.Error) -> str:
    told = error.diag
    parts = [told.message_primary or "the database refused the statement"]
    if told.message_detail:
        parts.append(f"Detail: {told.message_detail}")
    if told.message_hint:
        parts.append(f"Hint: {told.message_hint}")
    return " ".join(parts)
