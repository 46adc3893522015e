"""The operator's bounds on plugins' databases, read once: looking them up is not for free."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.conf import settings

from plugin_runtime.conf import conf

Read = TypeVar("Read")


class Kept(Generic[Read]):
    """What a function made of the settings, for as long as these are the settings."""

    def __init__(self, read: Callable[[], Read]) -> None:
        self._read = read
        self._last: tuple[object, Read] | None = None

    def __call__(self) -> Read:
        """Return it; made anew when a test has put other settings in place."""
        # Django puts another object there for every override.
        now, last = settings._wrapped, self._last  # type: ignore[misc]  # not in its stubs
        if last is None or last[0] is not now:
            last = self._last = (now, self._read())
        return last[1]


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds of one plugin, in seconds, bytes and rows."""

    #: One statement, and one piece of its result.
    statement_seconds: float
    #: A transaction that does nothing, and one altogether.
    idle_seconds: float
    transaction_seconds: float
    #: What one statement may bring.
    result_rows: int
    result_bytes: int
    #: The whole database.
    database_bytes: int
    #: Transactions at a time.
    connections: int


def _read() -> Limits:
    return Limits(
        statement_seconds=conf.db_statement_seconds,
        idle_seconds=conf.db_idle_seconds,
        transaction_seconds=conf.db_transaction_seconds,
        result_rows=conf.db_result_rows,
        result_bytes=conf.db_result_bytes,
        database_bytes=conf.db_bytes,
        connections=conf.db_connections,
    )


current = Kept(_read)
