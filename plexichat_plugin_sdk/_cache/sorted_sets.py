"""Sorted sets: different members, each with a score, in the order of their scores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from plexichat_plugin_sdk.exceptions import ValidationError

from .commands import Reply
from .values import Commands, Storable, Text

#: Where a range of scores begins or ends: a number, `"-inf"`, `"+inf"`, or `"(1.5"` without 1.5.
Bound = float | str | bytes
#: Members, or with `withscores` tuples of member and score.
Ranged = list[Any]


class SortedSets(Commands[Text]):
    """Commands on sorted sets."""

    def zadd(
        self,
        name: Storable,
        mapping: Mapping[Any, float],
        nx: bool = False,
        xx: bool = False,
        ch: bool = False,
        incr: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> int | float | None:
        """Store members with their scores; return how many are new, with `ch` how many changed.

        `nx` only adds, `xx` only changes; `gt` and `lt` change only to a higher or lower score.
        `incr` adds to the score of one member and returns it, `None` when a condition kept it
        from happening.
        """
        if not mapping:
            raise ValidationError("zadd needs at least one member and its score")
        if incr and len(mapping) != 1:
            raise ValidationError("zadd with incr takes exactly one member and its amount")
        if (nx and xx) or (gt and lt) or (nx and (gt or lt)):
            raise ValidationError("zadd takes nx alone, or xx with one of gt and lt")
        given = {"NX": nx, "XX": xx, "GT": gt, "LT": lt, "CH": ch, "INCR": incr}
        options = [word for word, is_given in given.items() if is_given]
        pairs = [word for member, score in mapping.items() for word in (score, member)]
        reply = Reply.FLOAT if incr else Reply.NUMBER
        done = self._do("ZADD", name, *options, *pairs, reply=reply)
        return cast("int | float | None", done)

    def zrem(self, name: Storable, *values: Storable) -> int:
        """Remove members; return how many of them were there."""
        return cast(int, self._do("ZREM", name, *values))

    def zscore(self, name: Storable, value: Storable) -> float | None:
        """Return the score of a member; `None` when it is none."""
        return cast("float | None", self._do("ZSCORE", name, value))

    def zincrby(self, name: Storable, amount: float, value: Storable) -> float:
        """Add to the score of a member (0 where it is none) and return it."""
        return cast(float, self._do("ZINCRBY", name, amount, value))

    def zrange(
        self,
        name: Storable,
        start: int | Bound,
        end: int | Bound,
        desc: bool = False,
        withscores: bool = False,
        *,
        byscore: bool = False,
        offset: int | None = None,
        num: int | None = None,
    ) -> Ranged:
        """Return members by their places from `start` to `end`, both included; -1 is the last.

        `desc` counts from the highest score. `byscore` takes `start` and `end` as scores, and
        then `num` members at most, from the `offset`th on.
        """
        if byscore:
            command = "ZREVRANGEBYSCORE" if desc else "ZRANGEBYSCORE"
            return self._ranged(command, name, start, end, withscores, offset, num)
        if offset is not None or num is not None:
            raise ValidationError("zrange takes offset and num only together with byscore")
        return self._ranged("ZREVRANGE" if desc else "ZRANGE", name, start, end, withscores)

    def zrevrange(self, name: Storable, start: int, end: int, withscores: bool = False) -> Ranged:
        """Return members by their places, from the highest score down."""
        return self._ranged("ZREVRANGE", name, start, end, withscores)

    def zrangebyscore(
        self,
        name: Storable,
        min: Bound,
        max: Bound,
        start: int | None = None,
        num: int | None = None,
        withscores: bool = False,
    ) -> Ranged:
        """Return members by score, from the lowest up; `num` at most, from the `start`th on."""
        return self._ranged("ZRANGEBYSCORE", name, min, max, withscores, start, num)

    def zrevrangebyscore(
        self,
        name: Storable,
        max: Bound,
        min: Bound,
        start: int | None = None,
        num: int | None = None,
        withscores: bool = False,
    ) -> Ranged:
        """Return members by score, from the highest down; `num` at most, from the `start`th on."""
        return self._ranged("ZREVRANGEBYSCORE", name, max, min, withscores, start, num)

    def _ranged(
        self,
        command: str,
        name: Storable,
        first: int | Bound,
        last: int | Bound,
        withscores: bool,
        offset: int | None = None,
        num: int | None = None,
    ) -> Ranged:
        if (offset is None) != (num is None):
            raise ValidationError("where to begin and how many: give both, or none of them")
        options: list[Storable] = ["WITHSCORES"] if withscores else []
        if offset is not None and num is not None:
            options += ["LIMIT", offset, num]
        reply = Reply.SCORED if withscores else Reply.LIST
        return cast("Ranged", self._do(command, name, first, last, *options, reply=reply))

    def zcard(self, name: Storable) -> int:
        """Return how many members there are."""
        return cast(int, self._do("ZCARD", name))

    def zcount(self, name: Storable, min: Bound, max: Bound) -> int:
        """Return how many members have a score in a range."""
        return cast(int, self._do("ZCOUNT", name, min, max))

    def zrank(self, name: Storable, value: Storable) -> int | None:
        """Return a member's place, 0 for the lowest score; `None` when it is none."""
        return cast("int | None", self._do("ZRANK", name, value))

    def zrevrank(self, name: Storable, value: Storable) -> int | None:
        """Return a member's place, 0 for the highest score; `None` when it is none."""
        return cast("int | None", self._do("ZREVRANK", name, value))

    def zremrangebyscore(self, name: Storable, min: Bound, max: Bound) -> int:
        """Remove the members of a range of scores; return how many they were."""
        return cast(int, self._do("ZREMRANGEBYSCORE", name, min, max))
