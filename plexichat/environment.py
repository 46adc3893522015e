"""What the operator states in environment variables: typed, checked, and refused all at once.

A reader notes each value it cannot use and goes on with the default, so that `check` can name
all problems in one sentence each instead of the first one in a traceback.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping

from django.core.exceptions import ImproperlyConfigured

_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"0", "false", "no", "off"})
#: DRF reads the first letter of the period only.
_RATE = re.compile(r"[1-9]\d*/(s|sec|m|min|h|hour|d|day)")
_LISTENER = re.compile(r"(.+:)?\d{1,5}")


class Environment:
    """Reads variables; an empty one counts as not set."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self._problems: list[str] = []

    def check(self) -> None:
        """Raise ImproperlyConfigured that names every value which could not be used."""
        if self._problems:
            count = len(self._problems)
            head = f"the environment has {count} problem{'s' if count > 1 else ''}"
            raise ImproperlyConfigured("\n  ".join([head, *self._problems]))

    def is_set(self, name: str) -> bool:
        """Return whether the operator said anything."""
        return bool(self._given(name))

    def text(self, name: str, default: str = "") -> str:
        """Return any text."""
        return self._given(name) or default

    def choice(self, name: str, default: str, *, among: Collection[str]) -> str:
        """Return one of a few words, in whatever case it was written."""
        words = {word.lower(): word for word in among}
        given = self._given(name)
        if given and given.lower() not in words:
            self._refuse(name, "is not one of " + ", ".join(among))
        return words.get(given.lower(), default)

    def words(self, name: str, default: list[str]) -> list[str]:
        """Return what stands between commas."""
        parts = [part.strip() for part in self._given(name).split(",")]
        return [part for part in parts if part] or default

    def hosts(self, name: str, refuse: Callable[[str], str | None]) -> list[str]:
        """Return what stands between commas and is not refused."""
        found = self.words(name, [])
        refusals = [refusal for word in found if (refusal := refuse(word))]
        for refusal in refusals:
            self._refuse(name, f"has a host that is none: {refusal}")
        return [] if refusals else found

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return a yes or no."""
        given = self._given(name).lower()
        if given and given not in _YES | _NO:
            self._refuse(name, "is neither 1 nor 0")
        return given in _YES if given in _YES | _NO else default

    def whole(self, name: str, default: int, *, least: int = 1) -> int:
        """Return a whole number of at least `least`."""
        given = self._given(name)
        if not given:
            return default
        if re.fullmatch(r"\d{1,18}", given) and int(given) >= least:
            return int(given)
        self._refuse(name, f"is not a whole number of at least {least}")
        return default

    def seconds(self, name: str, default: float) -> float:
        """Return a time in seconds, with a fraction if need be, longer than nothing."""
        given = self._given(name)
        if not given:
            return default
        if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", given) and float(given) > 0:
            return float(given)
        self._refuse(name, "is not a number of seconds above 0, like 2.5")
        return default

    def rate(self, name: str, default: str) -> str:
        """Return how often something may happen, as `10/min`."""
        return self._matching(name, default, _RATE, "is not a rate; write it like 10/min or 30/h")

    def listener(self, name: str) -> str:
        """Return `host:port` or a port alone; empty when nothing shall listen."""
        return self._matching(name, "", _LISTENER, "is no address; write it like 127.0.0.1:9100")

    def _matching(self, name: str, default: str, form: re.Pattern[str], problem: str) -> str:
        given = self._given(name)
        if given and not form.fullmatch(given):
            self._refuse(name, problem)
            return default
        return given or default

    def _given(self, name: str) -> str:
        return self._variables.get(name, "").strip()

    def _refuse(self, name: str, problem: str) -> None:
        self._problems.append(f"{name}: {self._given(name)!r} {problem}")
