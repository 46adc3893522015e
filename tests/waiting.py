"""Waiting for a condition with a deadline, instead of sleeping."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")
#: The first looks follow one another closely; who waits long need not look often.
_SHORTEST, _LONGEST = 0.005, 0.1


def wait_for(condition: Callable[[], Value], *, seconds: float = 20.0, what: str = "") -> Value:
    """Return the condition's first true value; fail when none came in time."""
    deadline, pause = time.monotonic() + seconds, _SHORTEST
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what or condition}")
        time.sleep(pause)
        pause = min(pause * 1.2, _LONGEST)
    return value
