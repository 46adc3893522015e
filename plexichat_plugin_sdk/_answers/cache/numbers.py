"""Numbers as Redis reads and writes them."""

from __future__ import annotations

import math
import re
from fractions import Fraction

from . import refusals

_INTEGER = re.compile(rb"-?(0|[1-9][0-9]{0,18})")
_LEAST, _MOST = -(2**63), 2**63 - 1
#: Digits behind the point that `INCRBYFLOAT` keeps.
_PLACES = 17
#: A number with a fraction is not written longer.
_MOST_DIGITS = 400


def integer(text: bytes, reason: str = refusals.NO_INTEGER) -> int:
    """Return a whole number of 64 bits; raise `Refusal`."""
    if not _INTEGER.fullmatch(text) or text == b"-0":
        raise refusals.refused(reason)
    number = int(text)
    if not _LEAST <= number <= _MOST:
        raise refusals.refused(reason)
    return number


def added(number: int, amount: int) -> int:
    """Return a sum that still has 64 bits; raise `Refusal`."""
    total = number + amount
    if not _LEAST <= total <= _MOST:
        raise refusals.refused(refusals.OVERFLOW)
    return total


def real(text: bytes, reason: str = refusals.NO_FLOAT) -> float:
    """Return a number that may have a fraction or be infinite; raise `Refusal`."""
    try:
        number = math.nan if _is_odd(text) else float(text)
    except ValueError:
        number = math.nan
    if math.isnan(number):
        raise refusals.refused(reason)
    return number


def summed(text: bytes, amount: bytes) -> bytes:
    """Return a sum as Redis computes it, which is with 64 bits and 17 places; raise `Refusal`."""
    if math.isinf(real(text)) or math.isinf(real(amount)):
        raise refusals.refused(refusals.NOT_FINITE)
    total = _rounded(_exact(text) + _exact(amount))
    sign, digits = "-" if total < 0 else "", f"{round(abs(total) * 10**_PLACES):0{_PLACES + 1}d}"
    plain = f"{sign}{digits[:-_PLACES]}.{digits[-_PLACES:]}".rstrip("0").rstrip(".")
    return b"0" if plain == "-0" else plain.encode()


def _exact(text: bytes) -> Fraction:
    # What is nothing to `float` may have an exponent of any length.
    return _rounded(Fraction(text.decode())) if float(text) else Fraction()


def _rounded(number: Fraction) -> Fraction:
    """Return the nearest number whose significand has 64 bits."""
    if not number:
        return number
    bits = abs(number.numerator).bit_length() - number.denominator.bit_length()
    unit = Fraction(2) ** (bits - 63)
    if abs(number) < unit * 2**63:
        unit /= 2
    return round(number / unit) * unit


def written(number: float) -> bytes:
    """Return a score as it is answered."""
    if math.isinf(number):
        return b"inf" if number > 0 else b"-inf"
    whole = number.is_integer() and abs(number) < 1e17
    return b"%d" % int(number) if whole else repr(number).encode()


def _is_odd(text: bytes) -> bool:
    """Whether Python reads it as a number and Redis does not."""
    return not text or len(text) > _MOST_DIGITS or b"_" in text or text != text.strip()
