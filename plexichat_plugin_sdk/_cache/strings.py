"""Strings: the commands for single values, and for many at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

from plexichat_plugin_sdk.exceptions import ValidationError

from .commands import Reply
from .values import Commands, Span, Storable, Text, milliseconds, seconds, together


class Strings(Commands[Text]):
    """Commands on strings."""

    def get(self, name: Storable) -> Text | None:
        """Return the value of a key; `None` when there is none."""
        return cast("Text | None", self._do("GET", name))

    def set(
        self,
        name: Storable,
        value: Storable,
        ex: Span | None = None,
        px: Span | None = None,
        nx: bool = False,
        xx: bool = False,
        keepttl: bool = False,
        get: bool = False,
    ) -> bool | Text | None:
        """Store a value and return `True`; `None` when `nx` or `xx` kept it from happening.

        It expires after `ex` seconds or `px` milliseconds; without either it stays, and an
        earlier expiry is forgotten unless `keepttl`. `nx` stores only where there is none yet,
        `xx` only where there is one. `get` returns the value from before instead.
        """
        if nx and xx:
            raise ValidationError("set takes nx or xx, not both: nothing could ever be stored")
        options: list[Storable] = []
        if ex is not None:
            options += ["EX", seconds(ex)]
        if px is not None:
            options += ["PX", milliseconds(px)]
        given = {"KEEPTTL": keepttl, "NX": nx, "XX": xx, "GET": get}
        options += [word for word, is_given in given.items() if is_given]
        reply = Reply.VALUE if get else Reply.DONE
        return cast("bool | Text | None", self._do("SET", name, value, *options, reply=reply))

    def setex(self, name: Storable, time: Span, value: Storable) -> bool:
        """Store a value that expires after `time` seconds."""
        return bool(self._do("SET", name, value, "EX", seconds(time)))

    def psetex(self, name: Storable, time_ms: Span, value: Storable) -> bool:
        """Store a value that expires after `time_ms` milliseconds."""
        return bool(self._do("SET", name, value, "PX", milliseconds(time_ms)))

    def setnx(self, name: Storable, value: Storable) -> bool:
        """Store a value where there is none; return whether it was stored."""
        return cast(bool, self._do("SETNX", name, value))

    def getset(self, name: Storable, value: Storable) -> Text | None:
        """Store a value and return the one from before."""
        return cast("Text | None", self._do("GETSET", name, value))

    def getdel(self, name: Storable) -> Text | None:
        """Return the value of a key and delete the key."""
        return cast("Text | None", self._do("GETDEL", name))

    def append(self, key: Storable, value: Storable) -> int:
        """Add to the end of a value; return its new length in bytes."""
        return cast(int, self._do("APPEND", key, value))

    def strlen(self, name: Storable) -> int:
        """Return the length of a value in bytes; 0 when there is none."""
        return cast(int, self._do("STRLEN", name))

    def incr(self, name: Storable, amount: int = 1) -> int:
        """Add to a whole number (0 where there is none) and return the sum, at one stroke."""
        return cast(int, self._do("INCRBY", name, amount))

    def incrby(self, name: Storable, amount: int = 1) -> int:
        """The same as `incr`."""
        return self.incr(name, amount)

    def decr(self, name: Storable, amount: int = 1) -> int:
        """Subtract from a whole number (0 where there is none) and return the difference."""
        return cast(int, self._do("DECRBY", name, amount))

    def decrby(self, name: Storable, amount: int = 1) -> int:
        """The same as `decr`."""
        return self.decr(name, amount)

    def incrbyfloat(self, name: Storable, amount: float = 1.0) -> float:
        """Add to a number that may have a fraction, and return the sum."""
        return cast(float, self._do("INCRBYFLOAT", name, amount))

    def mget(self, keys: Storable | Iterable[Storable], *args: Storable) -> list[Text | None]:
        """Return the values of many keys, in order; `None` for each that has none."""
        return cast("list[Text | None]", self._do("MGET", *together(keys, args)))

    def mset(self, mapping: Mapping[Storable, Storable]) -> bool:
        """Store many values at one stroke; they do not expire."""
        if not mapping:
            raise ValidationError("mset needs at least one key and value")
        return bool(self._do("MSET", *(word for pair in mapping.items() for word in pair)))
