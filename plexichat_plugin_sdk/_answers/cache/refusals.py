"""Why a cache command is refused: one catalogue for both stores, so that they speak alike."""

from __future__ import annotations

from plexichat_plugin_sdk._answers.refusal import Refusal
from plexichat_plugin_sdk._wire import codes

WRONG_TYPE = "the key holds another type than this command is for; see cache.type(key)"
NO_INTEGER = "the value is not a whole number, or it is out of range"
NO_FIELD_INTEGER = "the value of the field is not a whole number"
NO_FLOAT = "the value is not a number"
OVERFLOW = "the result would be larger than a whole number of 64 bits"
NOT_FINITE = "the result would not be a finite number"
NO_SCORE = "the resulting score would not be a number"
SYNTAX = "these options do not go together, or are not known"
NO_BOUND = "a bound of the range is not a number"
NO_EXPIRY = "the expiry is not a time in the future that can be counted"
NO_COUNT = "the count must not be negative"

#: How a Redis says it, in any of its versions, and what that is here.
_SAID = (
    ("WRONGTYPE", WRONG_TYPE),
    ("value is not an integer or out of range", NO_INTEGER),
    ("hash value is not an integer", NO_FIELD_INTEGER),
    ("value is not a valid float", NO_FLOAT),
    ("increment or decrement would overflow", OVERFLOW),
    ("decrement would overflow", OVERFLOW),
    ("increment would produce NaN or Infinity", NOT_FINITE),
    ("resulting score is not a number", NO_SCORE),
    ("syntax error", SYNTAX),
    ("NX and XX", SYNTAX),
    ("XX and NX", SYNTAX),
    ("GT and LT", SYNTAX),
    ("GT, LT", SYNTAX),
    ("INCR option supports", SYNTAX),
    ("min or max is not a float", NO_BOUND),
    ("invalid expire time", NO_EXPIRY),
    ("value is out of range, must be positive", NO_COUNT),
)


def refused(reason: str) -> Refusal:
    """Return the refusal for one of the reasons above."""
    return Refusal(codes.CACHE_ERROR, reason)


def translated(said: str) -> Refusal | None:
    """Return the refusal for what a Redis says; `None` for what no command of ours brings up."""
    for beginning, reason in _SAID:
        if said.startswith(beginning) or said.removeprefix("").startswith(beginning):
            return refused(reason)
    return None


def too_many_keys(most: int) -> Refusal:
    """Return the refusal of a key too many."""
    return Refusal(
        codes.LIMIT_REACHED,
        f"the cache is full: {most} keys are allowed; delete some, or let keys expire (ex=…)",
        most_keys=most,
    )


def too_many_bytes(most: int) -> Refusal:
    """Return the refusal of what does not fit any more."""
    return Refusal(
        codes.LIMIT_REACHED,
        f"the cache is full: {most} bytes are allowed; delete keys, or let them expire (ex=…)",
        most_bytes=most,
    )


def too_large(most: int) -> Refusal:
    """Return the refusal of a value that is too large in itself."""
    return Refusal(
        codes.LIMIT_REACHED,
        f"the key would hold more than {most} bytes; spread it over several keys",
        most_value_bytes=most,
    )


def too_much_at_once(most: int) -> Refusal:
    """Return the refusal of an answer that is too large."""
    return Refusal(
        codes.LIMIT_REACHED,
        f"the answer would have more than {most} bytes; ask for fewer values at once",
        most_answer_bytes=most,
    )


def away() -> Refusal:
    """Return the refusal while the store does not answer."""
    return Refusal(codes.HOST_FAILED, "the cache does not answer; try again later")
