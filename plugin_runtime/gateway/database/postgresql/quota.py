"""How much room a plugin's schema takes, looked at now and then."""

from __future__ import annotations

import time

from .limits import Limits
from .link import Bounds, Link

#: Between two looks while nothing takes long.
EVERY_SECONDS = 2.0
#: So much time spent in writing statements since the last look asks for another at once.
PRESSING_SECONDS = 0.5
_SECONDS = 5.0
# Asked as the plugin's role within its transaction: what it has not committed yet counts too.
_MEASURE = (
    b"SELECT count(*),"
    b" (coalesce(sum(pg_total_relation_size(oid)) FILTER (WHERE relkind IN ('r', 'm')), 0))::int8"
    b" FROM pg_class WHERE relnamespace = current_schema()::regnamespace"
)


class Quota:
    """What is known of one schema's size in this process; a lost update only costs a look."""

    def __init__(self) -> None:
        self._looked_at = float("-inf")
        self._written_seconds = 0.0

    def note(self, seconds: float) -> None:
        """A writing statement took so long."""
        self._written_seconds += seconds

    @property
    def is_pressing(self) -> bool:
        """Whether so much was written that a look cannot wait for the commit."""
        return self._written_seconds > PRESSING_SECONDS

    @property
    def is_due(self) -> bool:
        """Whether it is time for a look."""
        return self.is_pressing or time.monotonic() - self._looked_at > EVERY_SECONDS

    def measured(self, link: Link, limits: Limits) -> str:
        """Look; return what is too much, or nothing. Raises `DatabaseRefusal`."""
        if link.has_failed:
            return ""
        reply = link.ask([(_MEASURE, ())], Bounds(_SECONDS, 1, 1024))
        relations, size = reply.rows[0]
        self._written_seconds = 0.0
        if size > limits.schema_bytes:
            self._looked_at = float("-inf")  # until it is small again, every commit is looked at
            return (
                f"the plugin's tables and indexes take {size} bytes, and may take "
                f"{limits.schema_bytes}; TRUNCATE and DROP give room back at once, "
                "DELETE in a while"
            )
        if relations > limits.relations:
            self._looked_at = float("-inf")
            return (
                f"the plugin's schema has {relations} tables, indexes, views and sequences, and "
                f"may have {limits.relations}"
            )
        self._looked_at = time.monotonic()
        return ""
