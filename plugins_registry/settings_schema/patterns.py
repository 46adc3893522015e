"""Patterns that cannot be used to stop the server.

Python's own engine takes exponential time for patterns like `(a+)+$`. Pydantic's core brings
one that is linear in the text, has a ceiling for the size of a pattern, and has neither
look-around nor back-references.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Annotated

from pydantic import StringConstraints, TypeAdapter, ValidationError
from pydantic_core import SchemaError

PATTERN_CHARACTERS = 300
#: Longer texts fit no pattern, and all counts of a pattern together multiply to no more.
TEXT_CHARACTERS = 4096
REPETITIONS = 1000
_COUNT = re.compile(r"\{\s*(\d*)\s*,?\s*(\d*)\s*\}")


class BadPattern(ValueError):
    """A pattern that is not taken; says why."""


@lru_cache(maxsize=64)
def compiled(pattern: str) -> TypeAdapter[str]:
    """A pattern ready for use; raises `BadPattern`."""
    if len(pattern) > PATTERN_CHARACTERS:
        raise BadPattern(f"a pattern may have {PATTERN_CHARACTERS} characters at most")
    if _repetitions(pattern) > REPETITIONS:
        raise BadPattern(f"the counts in braces multiply to more than {REPETITIONS}; lower them")
    try:
        return TypeAdapter(Annotated[str, StringConstraints(pattern=pattern, strict=True)])
    except SchemaError as error:
        reason = str(error).rsplit("error: ", 1)[-1].rsplit("SchemaError: ", 1)[-1].strip()
        raise BadPattern(f"{pattern!r} is not a pattern that is taken here: {reason}") from error


def fits(pattern: str, text: str) -> bool:
    """Whether the pattern is found in the text, anywhere unless it says otherwise."""
    if len(text) > TEXT_CHARACTERS:
        return False
    try:
        compiled(pattern).validate_python(text)
    except ValidationError:
        return False
    return True


def _repetitions(pattern: str) -> int:
    product = 1
    for least, most in _COUNT.findall(pattern):
        counts = [int(count[:9]) for count in (least, most) if count]
        product *= max([*counts, 1])
    return product
