"""A lock that all servers see."""

from __future__ import annotations

import secrets
import threading
import time
from types import TracebackType
from typing import Protocol

from plexichat_plugin_sdk.exceptions import CacheError


class Store(Protocol):
    """What a lock needs of a client."""

    def set(self, name: str, value: str, *, px: int | None = None, nx: bool = False) -> object:
        """Store where there is none."""

    def _do(self, name: str, *arguments: str) -> object:
        """Carry out one command."""


class Lock:
    """Held by one at a time; use it with `with`, or `acquire` and `release` it.

    It is a key of the plugin's own cache that holds a secret of its holder. It protects work
    from being done twice, not data from being damaged: a holder that is slower than `timeout`
    has lost it.
    """

    def __init__(
        self,
        store: Store,
        name: str,
        *,
        timeout: float | None,
        sleep: float,
        blocking: bool,
        blocking_timeout: float | None,
    ) -> None:
        self.name = name
        self._store = store
        self._timeout = timeout
        self._sleep = sleep
        self._blocking = blocking
        self._blocking_timeout = blocking_timeout
        self._local = threading.local()

    def acquire(self, blocking: bool | None = None, blocking_timeout: float | None = None) -> bool:
        """Take it; return whether it was free, or came free in time."""
        waits = self._blocking if blocking is None else blocking
        patience = self._blocking_timeout if blocking_timeout is None else blocking_timeout
        until = None if patience is None else time.monotonic() + patience
        token = secrets.token_hex(16)
        while not self._took(token):
            if not waits or (until is not None and time.monotonic() + self._sleep > until):
                return False
            time.sleep(self._sleep)
        self._local.token = token
        return True

    def release(self) -> None:
        """Let go; raise `CacheError` when this thread does not hold it any more."""
        token, self._local.token = getattr(self._local, "token", None), None
        if token is None or not self._store._do("DELEQ", self.name, token):
            raise CacheError(
                f"this thread does not hold the lock {self.name!r}: it was released before, or "
                "its timeout has passed; give it a longer one"
            )

    def owned(self) -> bool:
        """Return whether this thread has taken it and not released it."""
        return getattr(self._local, "token", None) is not None

    def __enter__(self) -> Lock:
        if not self.acquire():
            raise CacheError(f"the lock {self.name!r} was not free in time")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()

    def _took(self, token: str) -> bool:
        px = None if self._timeout is None else max(1, int(self._timeout * 1000))
        return bool(self._store.set(self.name, token, px=px, nx=True))
