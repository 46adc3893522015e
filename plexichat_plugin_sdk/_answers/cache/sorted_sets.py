"""Commands on sorted sets."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, cast

from . import refusals
from .entries import Entries, Kind
from .lists import between
from .numbers import integer, real, written

Scores = dict[bytes, float]
_WORDS = frozenset({b"NX", b"XX", b"GT", b"LT", b"CH", b"INCR"})


def _scores(entries: Entries, key: bytes) -> Scores:
    return cast("Scores", entries.value(key, Kind.ZSET) or {})


def _ordered(scores: Scores) -> list[bytes]:
    return sorted(scores, key=lambda member: (scores[member], member))


def _zadd(entries: Entries, key: bytes, *words: bytes) -> Any:
    options, pairs = _zadd_options(words)
    scores = _scores(entries, key)
    before = dict(scores)
    written_score: float | None = None
    for member, score in pairs:
        written_score = _changed(options, scores, member, score)
    if scores != before:
        entries.change(key, Kind.ZSET, scores)
    if b"INCR" in options:
        return None if written_score is None else written(written_score)
    if b"CH" in options:
        return sum(before.get(member) != score for member, score in scores.items())
    return len(scores) - len(before)


def _zadd_options(words: tuple[bytes, ...]) -> tuple[set[bytes], list[tuple[bytes, float]]]:
    rest = list(words)
    options: set[bytes] = set()
    while rest and rest[0].upper() in _WORDS:
        options.add(rest.pop(0).upper())
    clashes = ({b"NX", b"XX"}, {b"NX", b"GT"}, {b"NX", b"LT"}, {b"GT", b"LT"})
    is_several = b"INCR" in options and len(rest) > 2
    if not rest or len(rest) % 2 or is_several or any(clash <= options for clash in clashes):
        raise refusals.refused(refusals.SYNTAX)
    scores = [real(score) for score in rest[::2]]
    return options, list(zip(rest[1::2], scores, strict=True))


def _changed(options: set[bytes], scores: Scores, member: bytes, score: float) -> float | None:
    """Give a member its score and return it; `None` when an option is against it."""
    before = scores.get(member)
    if (before is None and b"XX" in options) or (before is not None and b"NX" in options):
        return None
    if b"INCR" in options:
        score = (before or 0.0) + score
        if math.isnan(score):
            raise refusals.refused(refusals.NO_SCORE)
    if before is not None and (
        (b"GT" in options and score <= before) or (b"LT" in options and score >= before)
    ):
        return None
    scores[member] = score
    return score


def _zincrby(entries: Entries, key: bytes, amount: bytes, member: bytes) -> Any:
    return _zadd(entries, key, b"INCR", amount, member)


def _zrem(entries: Entries, key: bytes, *members: bytes) -> Any:
    scores = _scores(entries, key)
    removed = sum(scores.pop(member, None) is not None for member in members)
    if removed:
        entries.change(key, Kind.ZSET, scores)
    return removed


def _zscore(entries: Entries, key: bytes, member: bytes) -> Any:
    score = _scores(entries, key).get(member)
    return None if score is None else written(score)


def _zcard(entries: Entries, key: bytes) -> Any:
    return len(_scores(entries, key))


def _zrank(entries: Entries, key: bytes, member: bytes) -> Any:
    ordered = _ordered(_scores(entries, key))
    return ordered.index(member) if member in ordered else None


def _zrevrank(entries: Entries, key: bytes, member: bytes) -> Any:
    ordered = _ordered(_scores(entries, key))[::-1]
    return ordered.index(member) if member in ordered else None


def _zrange(entries: Entries, key: bytes, first: bytes, last: bytes, *options: bytes) -> Any:
    return _by_place(entries, key, (first, last, *options), is_reversed=False)


def _zrevrange(entries: Entries, key: bytes, first: bytes, last: bytes, *options: bytes) -> Any:
    return _by_place(entries, key, (first, last, *options), is_reversed=True)


def _by_place(
    entries: Entries, key: bytes, words: tuple[bytes, ...], *, is_reversed: bool
) -> list[bytes]:
    start, stop, *options = words
    if [option.upper() for option in options] not in ([], [b"WITHSCORES"]):
        raise refusals.refused(refusals.SYNTAX)
    places = integer(start), integer(stop)
    scores = _scores(entries, key)
    ordered = _ordered(scores)[:: -1 if is_reversed else 1]
    return _answer(scores, ordered[between(*places, len(ordered))], bool(options))


def _zrangebyscore(entries: Entries, key: bytes, low: bytes, high: bytes, *options: bytes) -> Any:
    scores, inside = _by_score(entries, key, low, high)
    return _limited(scores, inside, options)


def _zrevrangebyscore(
    entries: Entries, key: bytes, high: bytes, low: bytes, *options: bytes
) -> Any:
    scores, inside = _by_score(entries, key, low, high)
    return _limited(scores, inside[::-1], options)


def _limited(scores: Scores, members: list[bytes], options: tuple[bytes, ...]) -> list[bytes]:
    rest, with_scores = list(options), False
    while rest:
        word = rest.pop(0).upper()
        if word == b"WITHSCORES":
            with_scores = True
        elif word == b"LIMIT" and len(rest) >= 2:
            offset, count = integer(rest.pop(0)), integer(rest.pop(0))
            end = offset + count if count >= 0 else None
            members = members[offset:end] if offset >= 0 else []
        else:
            raise refusals.refused(refusals.SYNTAX)
    return _answer(scores, members, with_scores)


def _by_score(entries: Entries, key: bytes, low: bytes, high: bytes) -> tuple[Scores, list[bytes]]:
    above, below = _bound(low), _bound(high)
    scores = _scores(entries, key)
    inside = [m for m in _ordered(scores) if above(-scores[m], -1) and below(scores[m], 1)]
    return scores, inside


def _bound(text: bytes) -> Callable[[float, int], bool]:
    """Return whether a score is within a bound; a lower one is asked with both turned round."""
    is_open = text.startswith(b"(")
    bound = real(text[1:] if is_open else text, refusals.NO_BOUND)

    def holds(score: float, sign: int) -> bool:
        return score < sign * bound if is_open else score <= sign * bound

    return holds


def _zcount(entries: Entries, key: bytes, low: bytes, high: bytes) -> Any:
    return len(_by_score(entries, key, low, high)[1])


def _zremrangebyscore(entries: Entries, key: bytes, low: bytes, high: bytes) -> Any:
    scores, inside = _by_score(entries, key, low, high)
    for member in inside:
        del scores[member]
    if inside:
        entries.change(key, Kind.ZSET, scores)
    return len(inside)


def _answer(scores: Scores, members: list[bytes], with_scores: bool) -> list[bytes]:
    if not with_scores:
        return members
    return [word for member in members for word in (member, written(scores[member]))]


#: Each command, as a function of the keys and its arguments; it returns the wire's reply.
COMMANDS: dict[str, Callable[..., Any]] = {
    "ZADD": _zadd,
    "ZREM": _zrem,
    "ZSCORE": _zscore,
    "ZINCRBY": _zincrby,
    "ZRANGE": _zrange,
    "ZREVRANGE": _zrevrange,
    "ZRANGEBYSCORE": _zrangebyscore,
    "ZREVRANGEBYSCORE": _zrevrangebyscore,
    "ZCARD": _zcard,
    "ZCOUNT": _zcount,
    "ZRANK": _zrank,
    "ZREVRANK": _zrevrank,
    "ZREMRANGEBYSCORE": _zremrangebyscore,
}
