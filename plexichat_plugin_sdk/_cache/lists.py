"""Lists: values in order, quick to take from and to add to at both ends."""

from __future__ import annotations

from typing import cast

from .commands import Reply
from .values import Commands, Storable, Text


class Lists(Commands[Text]):
    """Commands on lists."""

    def lpush(self, name: Storable, *values: Storable) -> int:
        """Add values before the first, one after the other; return the new length."""
        return cast(int, self._do("LPUSH", name, *values))

    def rpush(self, name: Storable, *values: Storable) -> int:
        """Add values behind the last, one after the other; return the new length."""
        return cast(int, self._do("RPUSH", name, *values))

    def lpop(self, name: Storable, count: int | None = None) -> Text | list[Text] | None:
        """Take the first value out and return it; with `count`, a list of so many at most.

        `None` when there is nothing. This does not wait for something to come.
        """
        return self._pop("LPOP", name, count)

    def rpop(self, name: Storable, count: int | None = None) -> Text | list[Text] | None:
        """Take the last value out and return it; otherwise as `lpop`."""
        return self._pop("RPOP", name, count)

    def _pop(self, command: str, name: Storable, count: int | None) -> Text | list[Text] | None:
        if count is None:
            return cast("Text | None", self._do(command, name))
        return cast("list[Text] | None", self._do(command, name, count, reply=Reply.LIST))

    def llen(self, name: Storable) -> int:
        """Return how many values there are."""
        return cast(int, self._do("LLEN", name))

    def lrange(self, name: Storable, start: int, end: int) -> list[Text]:
        """Return the values from `start` to `end`, both included; -1 is the last."""
        return cast("list[Text]", self._do("LRANGE", name, start, end))

    def lindex(self, name: Storable, index: int) -> Text | None:
        """Return one value by its place; -1 is the last, `None` when there is none."""
        return cast("Text | None", self._do("LINDEX", name, index))

    def ltrim(self, name: Storable, start: int, end: int) -> bool:
        """Keep only the values from `start` to `end`, both included."""
        return bool(self._do("LTRIM", name, start, end))

    def lrem(self, name: Storable, count: int, value: Storable) -> int:
        """Remove a value `count` times from the front, from the end if negative, 0: all of them.

        Returns how many were removed.
        """
        return cast(int, self._do("LREM", name, count, value))
