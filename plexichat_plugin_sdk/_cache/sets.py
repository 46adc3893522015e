"""Sets: different members, in no order."""

from __future__ import annotations

from typing import cast

from .commands import Reply
from .values import Commands, Storable, Text

# The class has a command that is called `set` in redis-py too.
_Set = set


class Sets(Commands[Text]):
    """Commands on sets."""

    def sadd(self, name: Storable, *values: Storable) -> int:
        """Add members; return how many of them are new."""
        return cast(int, self._do("SADD", name, *values))

    def srem(self, name: Storable, *values: Storable) -> int:
        """Remove members; return how many of them were there."""
        return cast(int, self._do("SREM", name, *values))

    def smembers(self, name: Storable) -> _Set[Text]:
        """Return all members."""
        return cast("_Set[Text]", self._do("SMEMBERS", name))

    def sismember(self, name: Storable, value: Storable) -> int:
        """Return 1 for a member, else 0."""
        return cast(int, self._do("SISMEMBER", name, value))

    def scard(self, name: Storable) -> int:
        """Return how many members there are."""
        return cast(int, self._do("SCARD", name))

    def spop(
        self, name: Storable, count: int | None = None
    ) -> Text | _Set[Text] | list[Text] | None:
        """Take any member out and return it; with `count`, so many at most."""
        if count is None:
            return cast("Text | None", self._do("SPOP", name))
        return cast("_Set[Text]", self._do("SPOP", name, count, reply=Reply.SET))
