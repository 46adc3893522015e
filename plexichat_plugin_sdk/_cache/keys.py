"""Keys of any type: whether they are there, and until when."""

from __future__ import annotations

from typing import cast

from .values import Commands, Span, Storable, Text, milliseconds, seconds


class KeysOfAnyType(Commands[Text]):
    """Commands on keys, whatever they hold."""

    def delete(self, *names: Storable) -> int:
        """Delete keys; return how many of them were there."""
        return cast(int, self._do("DEL", *names))

    def unlink(self, *names: Storable) -> int:
        """The same as `delete`."""
        return self.delete(*names)

    def exists(self, *names: Storable) -> int:
        """Return how many of these keys are there; one named twice counts twice."""
        return cast(int, self._do("EXISTS", *names))

    def expire(
        self,
        name: Storable,
        time: Span,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> bool:
        """Let a key expire after `time` seconds; return whether that was set.

        Only if it has no expiry yet (`nx`), has one (`xx`), or the new one is later (`gt`) or
        earlier (`lt`).
        """
        given = {"NX": nx, "XX": xx, "GT": gt, "LT": lt}
        options = [word for word, is_given in given.items() if is_given]
        return cast(bool, self._do("EXPIRE", name, seconds(time), *options))

    def pexpire(
        self,
        name: Storable,
        time: Span,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> bool:
        """Let a key expire after `time` milliseconds; otherwise as `expire`."""
        given = {"NX": nx, "XX": xx, "GT": gt, "LT": lt}
        options = [word for word, is_given in given.items() if is_given]
        return cast(bool, self._do("PEXPIRE", name, milliseconds(time), *options))

    def ttl(self, name: Storable) -> int:
        """Return the seconds until a key expires; -1 when it does not, -2 when there is none."""
        return cast(int, self._do("TTL", name))

    def pttl(self, name: Storable) -> int:
        """Return the milliseconds until a key expires; -1 and -2 as `ttl`."""
        return cast(int, self._do("PTTL", name))

    def persist(self, name: Storable) -> bool:
        """Let a key stay; return whether it would have expired."""
        return cast(bool, self._do("PERSIST", name))

    def type(self, name: Storable) -> Text:
        """Return what a key holds: `string`, `list`, `hash`, `set`, `zset`, or `none`."""
        return cast("Text", self._do("TYPE", name))
