"""What may go wrong around a plugin, made to go wrong for the length of a block."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from plexichat_plugin_sdk.exceptions import HostError

from ._host import MockHost


class Failing:
    """The part of `MockContext` that breaks things."""

    host: MockHost

    @contextlib.contextmanager
    def slow(self, seconds: float, what: str = "") -> Iterator[None]:
        """Let the host take so long for each answer; `what` narrows it: `"db."`, `"cache."`."""
        self.host.delays[what] = seconds
        try:
            yield
        finally:
            del self.host.delays[what]

    @contextlib.contextmanager
    def deny(self, *capabilities: str) -> Iterator[None]:
        """Let these capabilities be withdrawn: what needs them raises `PermissionError`."""
        lost = self.host.granted & set(capabilities)
        self.host.granted -= lost
        try:
            yield
        finally:
            self.host.granted |= lost

    @contextlib.contextmanager
    def blocking(self, reason: str = "") -> Iterator[None]:
        """Let another plugin's filter refuse what the bot says: `MessageBlocked`."""
        self.host.refusing = reason
        try:
            yield
        finally:
            self.host.refusing = None

    def db_down(self) -> contextlib.AbstractContextManager[None]:
        """Let the database be away: statements raise `OperationalError`, a `HostError`."""
        return self.down("db.", "the plugin's database cannot be reached; try again later")

    def cache_down(self) -> contextlib.AbstractContextManager[None]:
        """Let the cache be away: its commands raise `HostError`."""
        return self.down("cache.", "the cache does not answer; try again later")

    @contextlib.contextmanager
    def down(
        self, what: str = "", message: str = "the host cannot be reached; try again later"
    ) -> Iterator[None]:
        """Let the host fail all questions, or those that begin with `what`: `HostError`."""
        self.host.failures[what] = HostError(message)
        try:
            yield
        finally:
            del self.host.failures[what]
