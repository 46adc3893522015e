"""PEP 249's exceptions, each a `PluginError` as well, and how a refusal becomes one of them."""

from __future__ import annotations

from typing import NoReturn

from plexichat_plugin_sdk import exceptions
from plexichat_plugin_sdk.exceptions import PluginError


class Warning(PluginError):
    """Something in the database deserves a second look."""

    code = "database_warning"


class Error(PluginError):
    """Something about the database went wrong."""

    code = "database_error"


class InterfaceError(Error):
    """The connection or the cursor was not used as it is made to be."""


class DatabaseError(Error):
    """The database went wrong or refused."""


class DataError(DatabaseError):
    """A value does not fit: too large, too long, not of the column's type."""


class OperationalError(DatabaseError):
    """Not the statement's fault: too slow, too much, gone away, busy."""


class IntegrityError(DatabaseError):
    """A constraint would be broken: a duplicate, a missing reference, a NULL."""


class InternalError(DatabaseError):
    """The database is in trouble itself."""


class ProgrammingError(DatabaseError):
    """The statement is wrong, or of a kind that plugins may not use."""


class NotSupportedError(DatabaseError):
    """The database cannot do that."""


class NotGranted(ProgrammingError, exceptions.PermissionError):
    """The statement needs a capability that was not granted; the text names it."""

    code = "permission_denied"


class ConnectionLost(OperationalError, exceptions.HostError):
    """The connection is gone; what was not committed is undone."""

    code = "host_failed"


class TooManyConnections(OperationalError, exceptions.LimitReached):
    """No connection came free in time."""

    code = "limit_reached"


_BY_KIND: dict[object, type[Error]] = {
    kind.__name__: kind
    for kind in (
        *(DataError, DatabaseError, IntegrityError, InterfaceError, InternalError),
        *(NotSupportedError, OperationalError, ProgrammingError),
    )
}
_BY_CLASS: tuple[tuple[type[PluginError], type[Error]], ...] = (
    (exceptions.PermissionError, NotGranted),
    (exceptions.LimitReached, TooManyConnections),
    (exceptions.ValidationError, ProgrammingError),
    (exceptions.HostError, ConnectionLost),
)


def raise_as_error(refused: PluginError) -> NoReturn:
    """Raise what the author expects from a database for what the host refused."""
    kind = _BY_KIND.get(refused.details.get("kind"))
    if kind is None:
        kind = next((ours for theirs, ours in _BY_CLASS if isinstance(refused, theirs)), None)
    if kind is None:
        raise refused
    raise kind(str(refused), details=refused.details) from None
