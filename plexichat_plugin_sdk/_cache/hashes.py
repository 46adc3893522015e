"""Hashes: fields and their values below one key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from plexichat_plugin_sdk.exceptions import ValidationError

from .values import Commands, Storable, Text, together


class Hashes(Commands[Text]):
    """Commands on hashes."""

    def hget(self, name: Storable, key: Storable) -> Text | None:
        """Return the value of a field; `None` when there is none."""
        return cast("Text | None", self._do("HGET", name, key))

    def hset(
        self,
        name: Storable,
        key: Storable | None = None,
        value: Storable | None = None,
        mapping: Mapping[Storable, Storable] | None = None,
        items: Sequence[Storable] | None = None,
    ) -> int:
        """Store a field, those of a mapping, and `items` (fields and values in turn).

        Returns how many fields are new.
        """
        words: list[Storable | None] = [] if key is None else [key, value]
        words += [word for pair in (mapping or {}).items() for word in pair]
        words += items or []
        if not words:
            raise ValidationError("hset needs a field and its value, or a mapping that has some")
        return cast(int, self._do("HSET", name, *words))

    def hsetnx(self, name: Storable, key: Storable, value: Storable) -> int:
        """Store a field where there is none; return 1 when it was stored, else 0."""
        return cast(int, self._do("HSETNX", name, key, value))

    def hmget(
        self, name: Storable, keys: Storable | Iterable[Storable], *args: Storable
    ) -> list[Text | None]:
        """Return the values of many fields, in order; `None` for each that has none."""
        return cast("list[Text | None]", self._do("HMGET", name, *together(keys, args)))

    def hgetall(self, name: Storable) -> dict[Text, Text]:
        """Return all fields with their values; empty when there is no such key."""
        return cast("dict[Text, Text]", self._do("HGETALL", name))

    def hdel(self, name: Storable, *keys: Storable) -> int:
        """Delete fields; return how many of them were there."""
        return cast(int, self._do("HDEL", name, *keys))

    def hexists(self, name: Storable, key: Storable) -> bool:
        """Return whether a field is there."""
        return cast(bool, self._do("HEXISTS", name, key))

    def hkeys(self, name: Storable) -> list[Text]:
        """Return the fields, in no particular order."""
        return cast("list[Text]", self._do("HKEYS", name))

    def hvals(self, name: Storable) -> list[Text]:
        """Return the values, in no particular order."""
        return cast("list[Text]", self._do("HVALS", name))

    def hlen(self, name: Storable) -> int:
        """Return how many fields there are."""
        return cast(int, self._do("HLEN", name))

    def hincrby(self, name: Storable, key: Storable, amount: int = 1) -> int:
        """Add to the whole number in a field (0 where there is none) and return the sum."""
        return cast(int, self._do("HINCRBY", name, key, amount))
